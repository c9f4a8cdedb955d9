"""The few bytes of a beat that tell which plugins a node uses."""

import base64

from heartbeat.pils.fingerprint import fingerprint, fingerprint_differences, fingerprint_of_used
from heartbeat.pils.lock import Locked
from heartbeat.pils.registry import PluginRegistry

CORE = Locked("heartbeat-core", "4.0.0", "aa", ())
UDP = Locked("heartbeat-comm-udp", "4.0.0", "bb", ("comm:udp",))
IP = Locked("heartbeat-ra-ip", "4.0.0", "cc", ("ra:IPaddr2",))
NEW_IP = Locked("heartbeat-ra-ip", "4.0.1", "cc", ("ra:IPaddr2",))
PATCHED_IP = Locked("heartbeat-ra-ip", "4.0.0", "dd", ("ra:IPaddr2",))


def told(there: list[Locked], here: list[Locked]) -> list[tuple[str, str]]:
    found = fingerprint_differences(fingerprint(there), fingerprint(here), here)
    return [(it.distribution, it.text) for it in found]


def test_it_takes_eight_characters_for_each_and_does_not_depend_on_their_order() -> None:
    assert fingerprint([CORE, UDP, IP]) == fingerprint([IP, CORE, UDP])
    assert len(fingerprint([CORE, UDP, IP])) == 24
    assert len(base64.urlsafe_b64decode(fingerprint([CORE, UDP, IP]))) == 18
    assert fingerprint([]) == ""


def test_the_same_plugins_differ_in_nothing() -> None:
    assert told([CORE, UDP, IP], [CORE, UDP, IP]) == []


def test_another_version_or_other_files_are_named() -> None:
    for there in (NEW_IP, PATCHED_IP):
        assert told([CORE, there], [CORE, IP]) == [
            ("heartbeat-ra-ip", "heartbeat-ra-ip 4.0.0 is used here; another version or other files there")
        ]


def test_what_is_used_on_one_side_only_is_told_as_far_as_its_name_is_known_here() -> None:
    assert told([CORE], [CORE, UDP]) == [("heartbeat-comm-udp", "heartbeat-comm-udp 4.0.0 is used here and not there")]
    assert told([CORE, UDP], [CORE]) == [("a distribution", "it uses a distribution that is not here")]
    installed = fingerprint_differences(fingerprint([CORE, UDP]), fingerprint([CORE]), [CORE, UDP])
    assert installed[0].text == "heartbeat-comm-udp 4.0.0 is used there and not here"


def test_a_node_with_very_many_sends_one_digest_for_all() -> None:
    many = [Locked(f"vendor-{number}", "1", "ee", ()) for number in range(30)]
    assert len(fingerprint(many)) == 8
    assert told(many, many) == []
    assert len(told(many, [*many[1:], NEW_IP])) == 1


def test_a_registry_tells_what_it_loaded_and_core() -> None:
    registry = PluginRegistry()
    assert len(fingerprint_of_used(registry)) == 8
    registry.load("stonith", "null")
    registry.load("auth", "sha256")
    assert registry.used() == {"heartbeat-stonith-null", "heartbeat-auth-hmac"}
    assert len(fingerprint_of_used(registry)) == 24
