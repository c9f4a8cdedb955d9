"""Actions on agents: what comes back, and as what."""

from typing import TYPE_CHECKING

from heartbeat.model.operation import Action, Outcome
from heartbeat.wire.executor import Warm

if TYPE_CHECKING:
    from core.tests.executor.conftest import Executor


def test_start_and_stop_are_done(executor: "Executor") -> None:
    assert executor.result(Action.START).outcome is Outcome.DONE
    assert executor.result(Action.STOP).outcome is Outcome.DONE
    assert executor.noted() == ["prepare", "start", "after", "stop"] or executor.noted() == ["prepare", "start", "stop"]


def test_monitor_and_probe_tell_the_health(executor: "Executor") -> None:
    assert executor.result(Action.MONITOR, "monitor=running").outcome is Outcome.RUNNING
    assert executor.result(Action.MONITOR, "monitor=stopped").outcome is Outcome.STOPPED
    assert executor.result(Action.MONITOR, "monitor=failed").outcome is Outcome.FAILED
    promoted = executor.result(Action.MONITOR, "monitor=promoted")
    assert (promoted.outcome, promoted.detail) == (Outcome.RUNNING, "promoted")
    assert executor.result(Action.PROBE, "probe=running").outcome is Outcome.RUNNING


def test_a_plugins_error_is_its_own_text(executor: "Executor") -> None:
    failed = executor.result(Action.START, "start=raise:PluginError:eth7_has_no_link")
    assert (failed.outcome, failed.detail) == (Outcome.FAILED, "eth7_has_no_link")
    for kind in ("BadConfig", "NotInstalled"):
        assert executor.result(Action.START, f"start=raise:{kind}:no").outcome is Outcome.REFUSED


def test_a_plugin_that_lost_the_answer_is_unknown(executor: "Executor") -> None:
    assert executor.result(Action.STOP, "stop=raise:TimedOut:silence").outcome is Outcome.UNKNOWN


def test_a_bug_names_its_type_and_place(executor: "Executor") -> None:
    failed = executor.result(Action.START, "start=bug")
    assert failed.outcome is Outcome.FAILED
    assert failed.detail.startswith("KeyError: 'no such key' (conftest.py:")
    assert failed.detail.endswith("in act)")


def test_a_crash_costs_one_child_and_is_unknown(executor: "Executor") -> None:
    crashed = executor.result(Action.START, "start=die")
    assert crashed.outcome is Outcome.UNKNOWN
    assert "SIGSEGV" in crashed.detail
    assert executor.result(Action.START).outcome is Outcome.DONE


def test_an_agent_that_exits_has_failed(executor: "Executor") -> None:
    assert executor.result(Action.STOP, "stop=exit").outcome is Outcome.FAILED


def test_an_action_it_does_not_have_is_refused(executor: "Executor") -> None:
    assert executor.result(Action.PROMOTE).detail == "this agent has no roles"
    assert executor.result(Action.FENCE).outcome is Outcome.REFUSED


def test_bad_parameters_and_unknown_plugins_are_refused_by_name(executor: "Executor") -> None:
    refused = executor.result(Action.START, notes="relative", colour="red")
    assert refused.outcome is Outcome.REFUSED
    assert "parameter notes" in refused.detail
    assert "parameter colour is no parameter of this plugin" in refused.detail
    stranger = executor.result(Action.START, to="stranger")
    assert stranger.outcome is Outcome.REFUSED
    assert "ra:stranger cannot be loaded: no installed plugin" in stranger.detail


def test_a_plugin_that_cannot_be_warmed_is_named_with_its_reason(executor: "Executor") -> None:
    executor.send(Warm((("ra", "actor"), ("ra", "unloadable"), ("stonith", "missing"))))
    broken = executor.daemon.ready().broken
    assert broken["ra:unloadable"] == "ImportError: No module named 'pysnmp'"
    assert "no installed plugin" in broken["stonith:missing"]
    assert set(broken) == {"ra:unloadable", "stonith:missing"}


def test_output_is_kept_and_bounded_and_told_with_the_result(executor: "Executor") -> None:
    assert executor.result(Action.START, "start=print:hello").output == "hello\non stderr\n"
    flood = executor.result(Action.STOP, "stop=flood").output
    assert flood.startswith("... x")
    assert flood.endswith("the end\n")
    assert len(flood) < 17 * 1024


def test_secrets_are_blotted_out_of_detail_and_output(executor: "Executor") -> None:
    executor.send(Warm((("ra", "actor"),)))
    executor.daemon.ready()
    failed = executor.result(Action.START, "start=raise:PluginError:login_hunter2_refused", password="hunter2")
    assert failed.detail == "login_***_refused"
    assert executor.result(Action.STOP, "stop=print:hunter2!", password="hunter2").output == "***!\non stderr\n"


def test_secrets_are_blotted_for_a_plugin_that_was_never_warmed(executor: "Executor") -> None:
    assert "hunter2" not in executor.result(Action.STOP, "stop=print:hunter2!", password="hunter2").output


def test_a_child_is_an_ordinary_process(executor: "Executor") -> None:
    printed = executor.result(Action.START, "start=env").output
    score, folder, descriptors = printed.split(maxsplit=2)
    assert (score, folder) == ("0", "/")
    assert len(eval(descriptors.splitlines()[0])) <= 5, "stdin, stdout, stderr, the result, and the listing itself"
