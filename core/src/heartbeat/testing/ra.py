"""The conformance tests of a resource agent."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import pytest

from heartbeat.plugin import Health, ParamKind, Params, Plugin, PluginError, ResourceAgent
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.declaration import as_text
from heartbeat.testing.leaks import nobody_left_running, nothing_left_open


class AgentConformance(DeclarationConformance):
    """Subclass it, give ``plugin``, and make ``given`` and ``is_active`` speak about a resource of this test's own.

    ``is_active`` finds the truth by other means than the agent. ``break_it`` leaves a half state behind, such as a
    power loss or a killed ``start`` would; the tests about it are skipped when it is not given. ``words``: the old
    form ``Agent::word::word`` of ``given``, without the name. ``invalid``: parameters that parse and that ``validate``
    must refuse on this host, or several such. A namespace or folder that the resource needs belongs into a fixture of
    the subclass, which also cleans up after a test that failed. An agent that keeps sockets or files between its
    methods may have a ``close``: core, where the process ends with the operation, does without, and the
    kit calls it.
    """

    plugin: ClassVar[type[Plugin]]
    words: ClassVar[tuple[str, ...] | None] = None
    invalid: ClassVar[Mapping[str, str] | Sequence[Mapping[str, str]] | None] = None

    def given(self) -> dict[str, str]:
        """Return the unparsed parameters of the resource under test."""
        raise NotImplementedError("the subclass says which resource")

    def is_active(self) -> bool:
        """Does the service work, seen from outside the agent?"""
        raise NotImplementedError("the subclass looks for itself")

    def break_it(self) -> None:
        """Leave behind what an interrupted start or a crash would."""
        pytest.skip("the subclass does not know how to break it")

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self) -> Iterator[None]:
        self._made: list[ResourceAgent] = []
        yield
        self._close_all()

    def made(self) -> ResourceAgent:
        """Return a new instance, as core makes one for each operation."""
        assert issubclass(self.plugin, ResourceAgent)
        agent = self.plugin(self.settings())
        self._made.append(agent)
        return agent

    def _close_all(self) -> None:
        while self._made:
            close = getattr(self._made.pop(), "close", None)
            if close is not None:
                close()

    def seen(self) -> Health:
        """Return what monitor finds; an error that says what is broken counts as FAILED, as in the cluster."""
        try:
            return self.made().monitor()
        except PluginError:
            return Health.FAILED

    def settings(self) -> Params:
        return checked(self.plugin, self.given())

    def test_it_starts_and_stops_and_says_so(self) -> None:
        assert self.made().monitor() is Health.STOPPED
        self.made().start()
        assert self.is_active()
        assert self.made().monitor() is Health.RUNNING
        self.made().stop()
        assert not self.is_active()
        assert self.made().monitor() is Health.STOPPED

    def test_starting_twice_and_stopping_twice_is_once(self) -> None:
        for _ in range(2):
            self.made().start()
            assert self.is_active()
        assert self.made().monitor() is Health.RUNNING
        for _ in range(2):
            self.made().stop()
            assert not self.is_active()

    def test_stopping_what_never_ran_succeeds(self) -> None:
        self.made().stop()
        assert self.made().monitor() is Health.STOPPED

    def test_monitor_changes_nothing(self) -> None:
        self.made().monitor()
        assert not self.is_active()
        self.made().start()
        for _ in range(3):
            assert self.made().monitor() is Health.RUNNING
        assert self.is_active()
        self.made().stop()

    def test_stopping_leaves_no_process(self) -> None:
        """Whether or not the service still works: what runs on holds its files, its port, its device."""
        with nobody_left_running():
            self.made().start()
            self.made().stop()

    def test_monitor_really_looks(self) -> None:
        self.made().start()
        self.break_it()
        assert self.seen() is not Health.RUNNING
        self.made().stop()

    def test_stop_clears_up_a_half_state(self) -> None:
        self.made().start()
        self.break_it()
        self.made().stop()
        assert not self.is_active()
        assert self.made().monitor() is Health.STOPPED

    def test_start_recovers_from_a_half_state(self) -> None:
        self.made().start()
        self.break_it()
        self.made().stop()
        self.made().start()
        assert self.is_active()
        self.made().stop()

    def test_preparing_has_no_effect_on_others(self) -> None:
        agent = self.made()
        agent.prepare_start()
        assert not self.is_active()
        assert self.made().monitor() is Health.STOPPED
        agent.start()
        agent.after_start()
        assert self.is_active()
        self.made().stop()

    def test_good_parameters_are_valid_here(self) -> None:
        self.made().validate()

    def test_bad_parameters_are_refused_before_anything_is_started(self) -> None:
        if self.invalid is None:
            pytest.skip("the subclass gives no parameters that must fail")
        assert issubclass(self.plugin, ResourceAgent)
        for raw in [self.invalid] if isinstance(self.invalid, Mapping) else self.invalid:
            with pytest.raises(PluginError, match=r"\w+ \w+"):
                self.plugin(checked(self.plugin, raw)).validate()

    def test_the_old_form_says_the_same(self) -> None:
        if self.words is None:
            pytest.skip("the subclass gives no words")
        assert issubclass(self.plugin, ResourceAgent)
        old = checked(self.plugin, self.plugin.from_words(self.words))
        assert dict(old.known) == dict(self.settings().known)
        assert dict(old.extra) == dict(self.settings().extra)

    def test_claims_are_the_same_however_often_one_asks(self) -> None:
        assert issubclass(self.plugin, ResourceAgent)
        claims = self.plugin.claims(self.settings())
        assert claims == self.plugin.claims(self.settings())
        assert all(claim.kind and claim.value for claim in claims)
        assert self.plugin.shares_data(self.settings()) in (True, False, None)

    def test_declared_defaults_are_what_an_administrator_would_write(self) -> None:
        for param in self.plugin.params:
            if param.default is not None and not param.secret:
                assert param.parse(as_text(param.default)) == param.default

    def test_nothing_is_left_open(self) -> None:
        self.made().start()  # what a library opens once for the process is open now
        self.made().stop()
        self._close_all()
        with nothing_left_open():
            self.made().start()
            self.made().monitor()
            self.made().stop()
            self._close_all()

    def test_secrets_are_shown_nowhere(self, caplog: pytest.LogCaptureFixture) -> None:
        raw = self.given()
        secrets = [raw[it.name] for it in self.plugin.params if it.kind is ParamKind.SECRET and it.name in raw]
        agent = self.made()
        agent.monitor()
        shown = repr(agent) + repr(vars(agent)) + caplog.text
        assert not [text for text in secrets if text in shown]

    def test_it_may_be_killed_between_any_two_actions(self) -> None:
        """Each action has a process of its own: what the next one needs lies in the world, not in the instance."""
        starter = self.made()
        starter.prepare_start()
        self.made().start()
        assert self.is_active()
        self.made().stop()
        starter.stop()
        assert not self.is_active()

    def test_limits_of_time_are_given_for_each_action(self) -> None:
        assert issubclass(self.plugin, ResourceAgent)
        limits_s = self.plugin.timeouts_s(self.settings())
        for action in ("start", "stop", "monitor"):
            assert limits_s[action] > 0
