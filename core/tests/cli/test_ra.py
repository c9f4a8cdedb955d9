"""``hb ra`` with real scripts, OCF agents and the address agent, and everything that goes wrong with them."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from heartbeat.cli import hb
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not

SCRIPT = """#!/bin/sh
for action; do :; done
case "$action" in
start) {start} echo $$ > {folder}/pid; touch {folder}/up ;;
stop) {stop} rm -f {folder}/up ;;
status) {status} [ -e {folder}/up ] && echo "running with $*" || echo "is stopped" ;;
esac
"""

AGENT = """#!/bin/sh
case "$1" in
meta-data) echo '<resource-agent name="thing"><version>1.1</version><longdesc lang="en">Long.</longdesc>
<shortdesc lang="en">A thing</shortdesc><parameters>
<parameter name="size" required="1"><shortdesc lang="en">how big</shortdesc><content type="integer"/></parameter>
<parameter name="password"><content type="string" default="x"/></parameter>
<parameter name="code"><content type="integer" default="0"/></parameter></parameters>
<actions><action name="start" timeout="90s"/><action name="stop" timeout="1"/></actions></resource-agent>' ;;
start) echo "the password is $OCF_RESKEY_password"; exit ${OCF_RESKEY_code:-0} ;;
stop) trap '' TERM; sleep 600 & echo $! > "$OCF_RESKEY_folder/child"; wait; sleep 600 ;;
monitor) echo "interval $OCF_RESKEY_CRM_meta_interval"; exit ${OCF_RESKEY_code:-7} ;;
esac
"""

PATIENCE_S = 10.0


def until(is_so: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.005)


class Node:
    """A configuration directory with scripts, an OCF root, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config, self.state = folder / "ha.d", folder / "state"
        self.script()
        agent = folder / "ocf" / "resource.d" / "hbtest" / "thing"
        agent.parent.mkdir(parents=True)
        agent.write_text(AGENT)
        agent.chmod(0o755)

    def script(self, *, start: str = "", stop: str = "", status: str = "") -> None:
        path = self.config / "resource.d" / "billing"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCRIPT.format(folder=self.folder, start=start, stop=stop, status=status))
        path.chmod(0o755)

    def __call__(self, *words: str) -> Result:
        """Run ``hb ra``."""
        places = ["--config", str(self.config), "--state", str(self.state), "--run-dir", str(self.folder / "run")]
        environment = {"OCF_ROOT": str(self.folder / "ocf")}
        return CliRunner().invoke(hb, ["ra", *words[:1], *places, *words[1:]], env=environment)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.fixture
def host() -> Iterator[Namespace]:
    """A network of its own for this thread, with 10.7.0.1/24 on eth0."""
    if reason := why_not():
        pytest.skip(reason)
    with namespaces(2) as (one, other):
        cable(one, "eth0", other, "eth0")
        one.ip("address", "add", "10.7.0.1/24", "dev", "eth0")
        with one.entered():
            yield one


# What there is.


def test_all_agents_are_listed_in_the_order_in_which_they_are_looked_up(node: Node) -> None:
    shadow = node.config / "resource.d" / "IPaddr2"
    shadow.write_text("#!/bin/sh\n")
    shadow.chmod(0o755)
    found = json.loads(node("list", "--json").stdout)
    by_path = {it["path"]: it for it in found}
    names = [it["name"] for it in found]
    assert names.index("IPaddr2") < names.index("billing") < names.index("ocf:hbtest:thing")
    assert by_path[str(node.config / "resource.d" / "billing")]["driver"] == "haresource"
    assert by_path[str(shadow)]["shadowed_by"] == "the plugin IPaddr2"
    assert by_path[str(node.folder / "ocf/resource.d/hbtest/thing")]["driver"] == "ocf"
    assert set(found[0]) == {"name", "driver", "distribution", "title", "path", "shadowed_by"}
    page = node("list").stdout
    assert "(not run: the plugin IPaddr2 comes first)" in page


def test_listing_runs_nothing(node: Node) -> None:
    node.script(status="", start="")
    (node.config / "resource.d" / "billing").write_text(f"#!/bin/sh\ntouch {node.folder}/ran\n")
    (node.folder / "ocf/resource.d/hbtest/thing").write_text(f"#!/bin/sh\ntouch {node.folder}/ran\n")
    assert node("list").exit_code == 0
    assert not (node.folder / "ran").exists()


def test_an_ocf_agent_is_described_by_its_meta_data(node: Node) -> None:
    facts = json.loads(node("info", "ocf:hbtest:thing", "--json").stdout)
    assert (facts["title"], facts["description"], facts["driver"]) == ("A thing", "Long.", "ocf")
    assert facts["timeouts_s"] == {"start": 90.0, "stop": 1.0}
    assert facts["shares_data"] is None
    assert facts["example"]["line"] == "node1 ocf:hbtest:thing::size=SIZE"
    params = {it["name"]: it for it in facts["params"]}
    assert params["size"]["required"]
    assert params["password"]["secret"]
    assert params["password"]["default"] is None
    page = node("info", "ocf:hbtest:thing").stdout
    assert "size: number; required" in page
    assert "shares_data ocf:hbtest:thing no" in page
    assert "time limits  start 1 min 30 s, stop 1 s" in page


def test_a_plugin_and_a_script_are_described_too(node: Node) -> None:
    facts = json.loads(node("info", "IPaddr2", "--json").stdout)
    assert facts["shares_data"] is False
    assert facts["timeouts_s"] == {"start": 20.0, "stop": 20.0, "monitor": 20.0}
    assert "haresources  node1 IPaddr2::" in node("info", "IPaddr2").stdout
    page = node("info", "billing").stdout
    assert str(node.config / "resource.d" / "billing") in page
    assert "haresources: node1 billing" in page


def test_what_cannot_describe_itself_says_why(node: Node) -> None:
    (node.folder / "ocf/resource.d/hbtest/thing").write_text("#!/bin/sh\necho broken >&2; exit 4\n")
    answer = node("info", "ocf:hbtest:thing")
    assert answer.exit_code == 1
    assert "meta-data ended with exit code 4: broken" in answer.stderr


def test_an_unknown_agent_has_a_near_name_or_a_package(node: Node) -> None:
    near, package = node("run", "IPadr2", "monitor"), node("info", "Raid1")
    assert (near.exit_code, package.exit_code) == (1, 1)
    assert "Did you mean IPaddr2" in near.stderr
    assert "pip install heartbeat-ra-raid" in package.stderr


# One operation.


def test_a_script_is_started_looked_at_and_stopped_with_its_arguments(node: Node) -> None:
    word = "billing::80::/srv"
    assert node("run", word, "status").exit_code == 1
    start = node("run", word, "start")
    assert (start.exit_code, start.stdout.split(" (")[0]) == (0, f"{word} start: done")
    look = node("run", word, "monitor")
    assert look.exit_code == 0
    assert f"{word} monitor: running" in look.stdout
    assert "running with 80 /srv status" in look.stderr
    assert node("run", "billing", "stop", "arguments=80 /srv").exit_code == 0
    assert "monitor: stopped" in node("run", word, "monitor").stdout


def test_json_has_the_outcome_and_what_was_printed(node: Node) -> None:
    told = json.loads(node("run", "billing", "monitor", "--json").stdout)
    assert told.pop("took_ms") > 0
    assert told == {
        "resource": "billing",
        "driver": "haresource",
        "action": "monitor",
        "outcome": "stopped",
        "detail": "",
        "output": "is stopped\n",
        "trace": [],
    }


def test_the_process_is_a_group_of_its_own_and_not_ours(node: Node) -> None:
    node.script(start=f"ps -o pgid= -p $$ > {node.folder}/group;")
    assert node("run", "billing", "start").exit_code == 0
    assert int((node.folder / "group").read_text()) != os.getpgrp()


def test_a_script_that_hangs_is_ended_at_its_time_limit(node: Node) -> None:
    node.script(stop=f"trap '' TERM; sleep 600 & echo $! > {node.folder}/child; wait; sleep 600;")
    answer = node("run", "billing", "stop", "--timeout", "300ms")
    assert answer.exit_code == 1
    assert "hb: billing stop: unknown: no answer within 0.3 s; its processes were ended" in answer.stderr
    child = int((node.folder / "child").read_text())
    until(lambda: not _is_alive(child))


def test_an_ocf_agent_that_hangs_is_ended_at_the_limit_of_its_own_meta_data(node: Node) -> None:
    answer = node("run", "ocf:hbtest:thing", "stop", "size=1", "CRM_meta_x=1", "--json")
    assert (answer.exit_code, json.loads(answer.stdout)["outcome"]) == (1, "unknown")
    assert "within 1 s" in json.loads(answer.stdout)["detail"]


def test_a_script_that_prints_for_ever_is_ended_and_shown_in_part(node: Node) -> None:
    node.script(status="yes;")
    told = json.loads(node("run", "billing", "monitor", "--timeout", "300ms", "--json").stdout)
    assert told["outcome"] == "unknown"
    assert told["output"].endswith("y\n")
    assert len(told["output"]) < 20_000


def test_a_daemon_that_keeps_stdout_does_not_keep_the_answer(node: Node) -> None:
    node.script(start=f"sleep 600 & echo $! > {node.folder}/daemon;")
    answer = node("run", "billing", "start", "--timeout", "20s")
    daemon = int((node.folder / "daemon").read_text())
    try:
        assert answer.exit_code == 0
        assert _is_alive(daemon)
    finally:
        os.kill(daemon, 9)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(("text", "outcome"), [
    ("not running", "stopped"), ("is stopped", "stopped"), ("OK", "running"), ("Running", "running"),
    ("BROKEN", "stopped"), ("running, or stopped", "failed"),
])  # fmt: skip
def test_the_text_of_a_status_decides(node: Node, text: str, outcome: str) -> None:
    node.script(status=f"echo '{text}'; exit 3;")
    assert json.loads(node("run", "billing", "monitor", "--json").stdout)["outcome"] == outcome


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, "done"), (1, "failed"), (5, "refused"), (6, "refused"), (102, "failed")]
)
def test_an_exit_code_of_an_ocf_agent_decides(node: Node, code: int, outcome: str) -> None:
    told = json.loads(node("run", "ocf:hbtest:thing", "start", "size=1", f"code={code}", "--json").stdout)
    assert told["outcome"] == outcome
    assert outcome == "done" or f"exit code {code}" in told["detail"]


def test_a_probe_is_told_from_a_monitor(node: Node) -> None:
    assert "interval 0\n" in node("run", "ocf:hbtest:thing", "probe", "size=1", "--json").stdout.replace("\\n", "\n")
    assert '"interval 0\\n"' not in node("run", "ocf:hbtest:thing", "monitor", "size=1", "--json").stdout


def test_a_secret_is_neither_asked_for_in_the_open_nor_shown(node: Node) -> None:
    secret = node.folder / "secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    answer = node("run", "ocf:hbtest:thing", "start", "size=1", f"password=file:{secret}")
    assert answer.exit_code == 0
    assert "the password is ***" in answer.stderr
    assert "hunter2" not in answer.output
    assert "can read it" in node("run", "ocf:hbtest:thing", "start", "size=1", "password=hunter2").stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ocf:hbtest:thing", "start", "sise=1"], "did you mean size"),
        (["ocf:hbtest:thing::/dev/x", "start"], "expected NAME=VALUE"),
        (["billing", "start", "argument=1"], "argument is no parameter of this plugin; did you mean arguments"),
        (["IPaddr2", "start"], "ip is missing; expected IP address, for example 10.10.10.11"),
        (["billing", "start", "x"], "parameters are NAME=VALUE words"),
        (["billing", "restart"], "'restart' is not one of"),
        (["billing", "start", "--timeout", "soon"], "--timeout"),
    ],
)
def test_wrong_use_says_what_was_expected(node: Node, words: list[str], expected: str) -> None:
    answer = node("run", *words)
    assert answer.exit_code == 2
    assert expected in " ".join(answer.stderr.split())


def test_each_step_of_a_shell_script_lies_in_a_file_that_is_named(node: Node) -> None:
    told = json.loads(node("run", "billing", "start", "--trace", "--json").stdout)
    steps = "".join(Path(file).read_text() for file in told["trace"])
    assert f"+ touch {node.folder}/up" in steps
    assert all(Path(file).is_relative_to(node.state) for file in told["trace"])
    assert all(stat.S_IMODE(Path(file).stat().st_mode) == 0o600 for file in told["trace"])
    page = node("run", "billing", "monitor", "--trace").stdout
    (line,) = [line for line in page.splitlines() if line.startswith("trace: ")]
    assert Path(line.removeprefix("trace: ")).is_file()


def test_an_agent_of_no_shell_has_no_trace_and_that_is_said(node: Node) -> None:
    answer = node("run", "IPaddr2", "monitor", "ip=192.0.2.77", "--trace")
    assert "monitor: stopped" in answer.stdout
    assert "no trace" in answer.stderr


# Real agents.


def test_the_address_agent_by_hand(node: Node, host: Namespace) -> None:
    word = "IPaddr2::10.7.0.100/24/eth0"
    assert node("run", "IPaddr2", "validate", "ip=10.7.0.100").exit_code == 0
    assert node("run", word, "start").exit_code == 0
    assert "10.7.0.100/24" in host.ip("address", "show", "dev", "eth0")
    assert node("run", "10.7.0.100", "monitor").exit_code == 0
    assert node("run", "IPaddr2", "stop", "ip=10.7.0.100").exit_code == 0
    assert "10.7.0.100" not in host.ip("address", "show", "dev", "eth0")


def test_the_ocf_address_agent_by_hand_and_its_trace(node: Node, host: Namespace) -> None:
    if not Path("/usr/lib/ocf/resource.d/heartbeat/IPaddr2").exists():
        pytest.skip("resource-agents is not installed")
    (node.folder / "ocf" / "resource.d" / "heartbeat").symlink_to("/usr/lib/ocf/resource.d/heartbeat")
    (node.folder / "ocf" / "lib").symlink_to("/usr/lib/ocf/lib")
    given = ["ip=10.7.0.100", "arp_count=1"]
    told = json.loads(node("run", "ocf:heartbeat:IPaddr2", "start", *given, "--trace", "--json").stdout)
    assert told["outcome"] == "done"
    assert "10.7.0.100/24" in host.ip("address", "show", "dev", "eth0")
    (trace,) = told["trace"]
    assert "ip_start" in Path(trace).read_text(errors="replace")
    assert node("run", "ocf:heartbeat:IPaddr2", "stop", *given).exit_code == 0
    assert "10.7.0.100" not in host.ip("address", "show", "dev", "eth0")


# The test of an agent.


def test_a_good_agent_passes_and_leaves_nothing_running(node: Node) -> None:
    answer = node("test", "billing")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.count("good") == 6
    assert not (node.folder / "up").exists()


def test_an_agent_that_cannot_be_stopped_twice_is_found_out(node: Node) -> None:
    agent = node.folder / "ocf/resource.d/hbtest/once"
    agent.write_text(
        f"#!/bin/sh\nup={node.folder}/once\ncase $1 in\nstart) touch $up ;;\nstop) rm $up || exit 1 ;;\n"
        "monitor) [ -e $up ] || exit 7 ;;\n*) exit 3 ;;\nesac\n"
    )
    agent.chmod(0o755)
    told = json.loads(node("test", "ocf:hbtest:once", "--json").stdout)
    assert not told["good"]
    assert [step["good"] for step in told["steps"]] == [True, True, True, True, False, True]
    answer = node("test", "ocf:hbtest:once")
    assert answer.exit_code == 1
    assert "it must be done: stopped again, it succeeds" in answer.stdout


def test_what_runs_is_not_interrupted_by_a_test(node: Node) -> None:
    node("run", "billing", "start")
    answer = node("test", "billing")
    assert answer.exit_code == 1
    assert "not found stopped (running)" in answer.stderr
    assert (node.folder / "up").exists()


def test_the_command_line_of_the_help_is_short_of_nothing(node: Node) -> None:
    page = CliRunner().invoke(hb, ["ra", "run", "--help"]).stdout
    for word in ("probe", "validate", "--trace", "--timeout", "haresources", "NAME=file:/path"):
        assert word in page


def test_a_listing_imports_neither_agents_machinery_nor_an_executor(node: Node) -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom heartbeat.cli import hb\n"
        "assert CliRunner().invoke(hb, ['ra', 'list']).exit_code == 0\n"
        "print([name for name in ('pyroute2', 'heartbeat.executor.server', 'heartbeat.plugin.program') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
