# Two commands: `make demo` and `make test`. Each does all of the set-up itself; see `make help`.
# Only relative paths below, so that a checkout may lie in a folder with blanks in its name.

.DEFAULT_GOAL := help
.PHONY: help demo test ready ready-demo python lint unit system test-long bench mutants flaky wheels clean
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# A cluster in a test mostly waits for its timers: three at a time leave two cores some air.
PARALLEL := -n 3 --dist loadgroup
# What `make test-long` runs; one file for an evening: make test-long TESTS=tests/system/test_kills.py
TESTS := tests/system
# How many percent of a night's counts it runs: make test-long PERCENT=10
PERCENT := 100
PYTHON_CODE := conftest.py core setup tests plugins_*/*

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

demo: ready-demo ## two nodes on this machine, one plug pulled: a timeline of the failover
	@$(BIN)/hb demo

test: lint ## everything that must pass: lint, then unit, golden, architecture and system tests
	@echo "== tests"
	@$(BIN)/pytest $(PARALLEL) --durations=10

lint: ready ## ruff (rules and layout) and mypy, strict
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy $(PYTHON_CODE)

unit: ready ## the tests that start no daemon: seconds
	@$(BIN)/pytest $(PARALLEL) -m "not system"

test-long: ready ## the system tests with the counts of a night: hours; the table of what they showed goes to figures.md
	@HB_LONG=$(PERCENT) HB_FIGURES=figures.md $(BIN)/pytest $(PARALLEL) -v --durations=10 $(TESTS)

system: ready ## the tests with real daemons in namespaces: minutes
	@$(BIN)/pytest $(PARALLEL) -m system

bench: ready-demo ## hb bench failover: the figures of docs/performance.md on this machine
	@$(BIN)/hb bench failover

mutants: ready ## the whole bank of seeded faults against the conformance kit: minutes; renews docs/conformance.md
	@$(BIN)/python core/tests/testing/mutants/run.py --report

flaky: ready ## the kit on every plugin of ours, each check 200 times in random order: hours; renews docs/conformance.md
	@$(BIN)/python core/tests/testing/mutants/flaky.py --report

wheels: ready ## one wheel for each distribution, into dist/
	@rm -rf dist
	@.uv/bin/uv build --all-packages --wheel --out-dir dist --quiet
	@ls dist

clean: ## forget the set-up: .venv/, .uv/, caches, dist/
	@rm -rf .venv .uv .uv.unfinished .setup-done dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready: python
	@python3 -E -m setup.prepare test

ready-demo: python
	@python3 -E -m setup.prepare demo

python:
	@command -v python3 >/dev/null || { \
	  echo "set-up: there is no python3 on PATH; as root: apt-get install python3 python3-pip" >&2; exit 2; }
