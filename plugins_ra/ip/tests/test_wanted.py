"""Parameters and the one-word form of haresources: no network needed."""

import subprocess
import sys
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, Claim, Params, parse_params
from heartbeat_ra_ip import IPaddr, IPaddr2


def params(**given: str) -> Params:
    parsed, problems = parse_params(IPaddr2.params, given)
    assert not problems
    return parsed


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("10.10.10.11", {"ip": "10.10.10.11"}),
        ("10.0.0.5/24", {"ip": "10.0.0.5", "cidr_netmask": "24"}),
        ("10.0.0.5/255.255.255.240", {"ip": "10.0.0.5", "cidr_netmask": "28"}),
        ("10.0.0.5/24/eth0", {"ip": "10.0.0.5", "cidr_netmask": "24", "nic": "eth0"}),
        ("10.0.0.5/24/eth0:1", {"ip": "10.0.0.5", "cidr_netmask": "24", "nic": "eth0", "iflabel": "1"}),
        (
            "10.0.0.5/24/eth0:web/10.0.0.255",
            {"ip": "10.0.0.5", "cidr_netmask": "24", "nic": "eth0", "iflabel": "web", "broadcast": "10.0.0.255"},
        ),
        ("10.0.0.5/24/10.0.0.255", {"ip": "10.0.0.5", "cidr_netmask": "24", "broadcast": "10.0.0.255"}),
        (
            "10.0.0.5/24/10.0.0.255/eth0",
            {"ip": "10.0.0.5", "cidr_netmask": "24", "broadcast": "10.0.0.255", "nic": "eth0"},
        ),
        ("10.0.0.5/24//10.0.0.255", {"ip": "10.0.0.5", "cidr_netmask": "24", "broadcast": "10.0.0.255"}),
        ("10.0.0.5//eth0", {"ip": "10.0.0.5", "nic": "eth0"}),
        ("10.0.0.5/24/eth0/-", {"ip": "10.0.0.5", "cidr_netmask": "24", "nic": "eth0", "broadcast": "-"}),
        ("[fd00::1]", {"ip": "fd00::1"}),
        ("[FD00:0:0::1]/64", {"ip": "fd00::1", "cidr_netmask": "64"}),
        ("[fd00::1]/64/eth0", {"ip": "fd00::1", "cidr_netmask": "64", "nic": "eth0"}),
        ("fd00::1/64/eth0", {"ip": "fd00::1", "cidr_netmask": "64", "nic": "eth0"}),
        ("fe80::1%eth0/64", {"ip": "fe80::1", "nic": "eth0", "cidr_netmask": "64"}),
    ],
)
def test_every_form_of_the_argument_is_understood(word: str, expected: dict[str, str]) -> None:
    given = IPaddr2.from_words([word])
    assert given == expected
    IPaddr2(params(**given))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "takes one argument"),
        (["10.0.0.5", "24"], "takes one argument"),
        (["10.0.0.300/24"], "'10.0.0.300' is no usable address"),
        (["eth0/24"], "'eth0' is no usable address"),
        (["224.0.0.5"], "is no usable address"),
        (["10.0.0.5/33"], "'33' is no netmask; expected a number from 1 to 32 or a mask such as 255.255.255.0"),
        (["10.0.0.5/0.0.0.255"], "is no netmask"),
        (["10.0.0.5/255.0.255.0"], "is no netmask"),
        (["[fd00::1]/129"], "expected a number from 1 to 128"),
        (["[fd00::1"], "expected [ADDRESS]/MASK"),
        (["[fd00::1]x/64"], "expected [ADDRESS]/MASK"),
        (["[fd00::1]/64/eth0/10.0.0.255"], "IPv6 has no broadcast"),
        (["10.0.0.5/24/eth0/eth1"], "two interfaces, eth0 and eth1"),
        (["10.0.0.5/24/10.0.0.255/10.0.0.254"], "two broadcast addresses"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_was_expected(words: list[str], said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is judged below
        IPaddr2.from_words(words)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ip": "10.0.0.5", "cidr_netmask": "x"}, "'x' is no netmask"),
        ({"ip": "10.0.0.5", "broadcast": "x"}, "broadcast 'x' is no IPv4 address"),
        ({"ip": "fd00::1", "preferred_lft": "soon"}, "neither `forever` nor a number"),
        ({"ip": "fe80::1"}, "say which one with nic"),
        ({"ip": "0.0.0.0"}, "cannot be the address of a service"),
        ({"ip": "10.0.0.5", "nic": "eth0", "iflabel": "longer-than-that"}, "longer than 15 bytes"),
    ],
)
def test_parameters_that_cannot_work_are_a_configuration_error(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadConfig) as caught:
        IPaddr2(params(**given))
    assert said in str(caught.value)


def test_the_old_spellings_mean_the_same() -> None:
    wanted = IPaddr2(
        params(ip="10.0.0.5", nic="eth0:3", cidr_netmask="255.255.0.0", ARP_INTERVAL_MS="500", ARP_REPEAT="10")
    ).wanted
    assert (wanted.nic, wanted.label, wanted.prefix) == ("eth0", "3", 16)
    assert (wanted.announce_every_s, wanted.announcements) == (0.5, 10)


@pytest.mark.parametrize(
    ("given", "prefix", "broadcast"),
    [
        ({}, 24, "10.0.0.255"),
        ({"broadcast": "+"}, 28, "10.0.0.15"),
        ({"broadcast": "-"}, 24, ""),
        ({"broadcast": "10.0.0.7"}, 24, "10.0.0.7"),
        ({}, 31, ""),
        ({}, 32, ""),
    ],
)
def test_the_broadcast_address_follows_the_mask_unless_said(given: dict[str, str], prefix: int, broadcast: str) -> None:
    assert IPaddr2(params(ip="10.0.0.5", **given)).wanted.broadcast_for(prefix) == broadcast


def test_the_same_address_written_differently_is_the_same_claim() -> None:
    claims = {IPaddr2.claims(params(ip=text)) for text in ("fd00::1", "FD00:0::1", "[fd00::1]", "fd00::1%eth0")}
    assert claims == {(Claim("address", "fd00::1"),)}
    assert IPaddr.claims(params(ip="10.0.0.5", nic="eth0")) == (Claim("address", "10.0.0.5"),)


def test_an_address_shares_no_data() -> None:
    assert IPaddr2.shares_data(params(ip="10.0.0.5")) is False


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_reading_a_configuration_does_not_import_pyroute2() -> None:
    assert (
        run("import sys, heartbeat_ra_ip; print('pyroute2' in sys.modules, 'asyncio' in sys.modules)") == "False False"
    )


def test_warm_takes_messages_only_and_leaves_pyroute2_whole_for_others() -> None:
    said = run(
        "import sys, os\n"
        "from heartbeat_ra_ip import IPaddr2\n"
        "files = len(os.listdir('/proc/self/fd'))\n"
        "IPaddr2.warm()\n"
        "import threading\n"
        "print('asyncio' in sys.modules, len(os.listdir('/proc/self/fd')) - files, threading.active_count())\n"
        "import pyroute2, pyroute2.netlink\n"
        "print(pyroute2.IPRoute.__name__, pyroute2.netlink.NLM_F_REQUEST)\n"
        "IPaddr2.warm()\n"
    )
    assert said.splitlines() == ["False 0 1", "IPRoute 1"]


def test_warm_works_beside_a_pyroute2_that_is_there_already() -> None:
    assert run("import pyroute2, sys; from heartbeat_ra_ip import IPaddr2; IPaddr2.warm(); print(pyroute2.IPRoute)")


def test_the_readme_lists_every_parameter_and_its_default() -> None:
    rows = (Path(__file__).parents[1] / "README.md").read_text().splitlines()
    for param in IPaddr2.params:
        row = next((row for row in rows if row.startswith(f"| `{param.name}`")), "")
        if param.default is not None:
            shown = {"True": "yes", "False": "no"}.get(str(param.default), str(param.default))
            assert f"| `{shown}` |" in row, param.name
        else:
            assert row, param.name
