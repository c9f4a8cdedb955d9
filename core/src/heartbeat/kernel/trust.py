"""How far a STONITH device can be trusted, judged from what it showed: pure, and the same on every node.

What one node saw of one device is judged by itself first, then side by side with what the others saw.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from heartbeat.model import fence_codes as codes
from heartbeat.model.fence_codes import FenceCode
from heartbeat.model.inspection import FenceFinding, Look, Seen, Setting, Trouble

SESSIONS = 2
"""Of which an off consists at least: the order, and the reading back."""


def judge(seen: Sequence[Seen], setting: Setting) -> tuple[FenceFinding, ...]:
    """Return all findings, errors first; what several nodes saw alike is one finding."""
    found = [*_each(seen, setting), *_side_by_side(seen, setting)]
    merged: dict[tuple[str, str, str, str], FenceFinding] = {}
    for one in found:
        key = (one.code, one.device, one.host, one.message)
        before = merged.get(key)
        nodes = dict.fromkeys([*(before.seen_from if before else ()), *one.seen_from])
        merged[key] = msgspec.structs.replace(one, seen_from=tuple(nodes))
    order = ("error", "warning", "advice")
    return tuple(sorted(merged.values(), key=lambda it: (order.index(it.severity), it.code, it.device, it.host)))


def is_trusted(one: Seen, host: str) -> bool:
    """Did the device, asked by this node, show the host's power?"""
    look = next((look for look in one.inspection.looks if look.host == host), None)
    return look is not None and look.trouble is None and look.power in ("on", "off") and not look.refusal


def _is_blind(one: Seen, host: str) -> bool:
    look = next((look for look in one.inspection.looks if look.host == host), None)
    return look is not None and look.trouble is None and not one.inspection.can_read_power


# One device, one node.

_OF_TROUBLE: Mapping[Trouble, tuple[FenceCode, str]] = {
    Trouble.UNREACHABLE: (
        codes.UNREACHABLE,
        "see that it has power and a cable, and that address and port are its own",
    ),
    Trouble.DENIED: (codes.DENIED, "log in by hand with the same account: it may be misspelt, expired, or in use"),
    Trouble.SILENT: (codes.SILENT, "ask it by hand: another session may hold it; or give its `timeout` more room"),
    Trouble.PARAMETERS: (codes.PARAMETERS, "hb stonith info TYPE tells the parameters and their order"),
    Trouble.HOST: (codes.NOT_ITS_HOST, "hb stonith hosts lists whom it switches; name the node's outlet in the line"),
    Trouble.MISSING: (codes.MISSING, "install it on this node"),
    Trouble.OTHER: (codes.NONSENSE, "is it the device, and the firmware, that the type is for?"),
}


def _finding(code: FenceCode, one: Seen, host: str, message: str, mend: str) -> FenceFinding:
    return FenceFinding(code.code, code.severity, one.device, host, (one.node,), message, mend)


def _each(seen: Sequence[Seen], setting: Setting) -> Iterator[FenceFinding]:
    for one in seen:
        inspection = one.inspection
        if inspection.trouble is not None:
            code, mend = _OF_TROUBLE[inspection.trouble]
            yield _finding(code, one, "", inspection.detail, mend)
            continue
        if not inspection.looks:
            why = f"it switches none of {', '.join(setting.nodes)}"
            yield _finding(codes.NOT_ITS_HOST, one, "", why, _OF_TROUBLE[Trouble.HOST][1])
        for look in inspection.looks:
            yield from _of_look(one, look, setting)
        yield from _of_worth(one, setting)


def _of_look(one: Seen, look: Look, setting: Setting) -> Iterator[FenceFinding]:
    host = look.host
    if look.trouble is not None:
        # Whatever is wrong with one node's words, and not with the device, is that the node has no such outlet.
        is_about_host = look.trouble in (Trouble.HOST, Trouble.PARAMETERS)
        code, mend = _OF_TROUBLE[Trouble.HOST if is_about_host else look.trouble]
        yield _finding(code, one, host, look.detail, mend)
        return
    if look.power == "off" and host in setting.running:
        message = f"{host} runs, and the device reads its power off: this outlet feeds something else"
        yield _finding(codes.OFF_BUT_RUNS, one, host, message, "find the outlet that feeds it, and name that one")
    if look.power == "unknown" and one.inspection.can_read_power:
        message = f"asked for the power of {host}, the device cannot say; a fence would prove nothing"
        yield _finding(codes.CANNOT_SAY, one, host, message, "look at the device's own display or page for the outlet")
    if look.refusal:
        mend = "give the account or community the right to switch"
        yield _finding(codes.WOULD_REFUSE, one, host, look.refusal, mend)
    names = [name.strip().lower() for name in look.names]
    for name in names if host not in names else ():
        numbers = " and ".join(look.outlets)
        message = f"the device calls outlet {numbers} {name!r}, and the line gives it to {host}"
        if name in setting.nodes:
            mend = f"swap the outlets of {host} and {name} in the line, or their names on the device"
            yield _finding(codes.OTHER_NAME, one, host, message, mend)
        else:
            yield _finding(codes.STRANGE_NAME, one, host, message, f"look what is plugged in, and call it {host} there")


def _of_worth(one: Seen, setting: Setting) -> Iterator[FenceFinding]:
    inspection = one.inspection
    if inspection.test_only:
        message = "its word protects no data"
        yield _finding(codes.TEST_ONLY, one, "", message, "put a real device in its place before it counts")
    elif not inspection.can_read_power:
        message = "its orders are taken and prove nothing: shared data waits for hb stonith confirm"
        yield _finding(codes.CANNOT_BE_ASKED, one, "", message, "add a device that reads the power back")
    if inspection.weakness:
        mend = "have it checked, or keep the device in a network of its own"
        yield _finding(codes.EASILY_POSED, one, "", inspection.weakness, mend)
    slowest_s = SESSIONS * max((look.took_s for look in inspection.looks), default=0.0)
    if slowest_s > inspection.worst_off_s:
        message = (
            f"order and reading back take {slowest_s:.1f} s here; it declares {inspection.worst_off_s:g} s at worst"
        )
        mend = "relieve device and network; a fence of it may be given up as failed before it ends"
        yield _finding(codes.TOO_SLOW, one, "", message, mend)
    elif slowest_s > setting.deadtime_s:
        message = f"order and reading back take {slowest_s:.1f} s, the deadtime is {setting.deadtime_s:g} s"
        yield _finding(codes.SLOWER_THAN_DEAD, one, "", message, "a shorter deadtime would gain little")


# Side by side.


def _side_by_side(seen: Sequence[Seen], setting: Setting) -> Iterator[FenceFinding]:
    yield from _from_some(seen)
    yield from _machines(seen, setting)
    yield from _shared(seen)
    yield from _coverage(seen, setting)


def _from_some(seen: Sequence[Seen]) -> Iterator[FenceFinding]:
    away = (Trouble.UNREACHABLE, Trouble.SILENT)
    for device in dict.fromkeys(one.device for one in seen):
        asked = [one for one in seen if one.device == device]
        good = [one.node for one in asked if one.inspection.trouble is None]
        for one in asked if good else ():
            if one.inspection.trouble in away:
                message = f"it answers {' and '.join(good)}, and not {one.node}: only they can fence with it"
                yield _finding(
                    codes.FROM_SOME, one, "", message, f"route, VLAN and firewall of {one.node} to the device"
                )


def _machines(seen: Sequence[Seen], setting: Setting) -> Iterator[FenceFinding]:
    """Compare what controllers say of their machine with what the machines say of themselves."""
    told = {one.node: one.inspection.machine for one in seen if is_machine(one.inspection.machine)}
    # A maker who gave one number to many boards tells nothing.
    known = {node: uuid for node, uuid in told.items() if list(told.values()).count(uuid) == 1}
    for one in seen:
        for look in one.inspection.looks:
            mine = known.get(look.host)
            if mine is None or not is_machine(look.machine) or is_same_machine(look.machine, mine):
                continue
            owner = next((node for node in sorted(known) if is_same_machine(look.machine, known[node])), "")
            where = f"in {owner}" if owner else "in a machine that is not that node"
            message = f"the controller given for {look.host} sits {where}: it would be switched off instead"
            mend = f"give {look.host} the address of its own controller"
            yield _finding(codes.OTHER_MACHINE, one, look.host, message, mend)


def _shared(seen: Sequence[Seen]) -> Iterator[FenceFinding]:
    """Find outlets that are given twice: to two nodes, or to one node as if it had two devices."""
    given = [
        (one, look)
        for one in seen
        if one.inspection.place
        for look in one.inspection.looks
        if look.outlets or one.inspection.dies_with_host
    ]
    earlier: dict[tuple[str, str], list[tuple[Seen, Look]]] = {}
    for one, look in given:
        at_place = earlier.setdefault((one.node, one.inspection.place), [])
        at_place.append((one, look))
        for other, its in at_place[:-1]:
            is_whole = not look.outlets and not its.outlets
            if not (is_whole or set(look.outlets) & set(its.outlets)):
                continue
            what = (
                f"outlet {' and '.join(look.outlets)} of {one.inspection.place}"
                if look.outlets
                else one.inspection.place
            )
            if look.host != its.host:
                message = f"{what} is given to {its.host} and to {look.host}: one of them would go for the other"
                yield _finding(codes.TWO_NODES, one, look.host, message, "give each node its own")
            elif one.device != other.device:
                message = f"{other.device} and {one.device} are both {what}: when one fails, so does the other"
                yield _finding(
                    codes.NO_SECOND_WAY, one, look.host, message, "delete one of the lines, or name another device"
                )


def _coverage(seen: Sequence[Seen], setting: Setting) -> Iterator[FenceFinding]:
    askers = {one.node for one in seen}
    for host in setting.nodes:
        if not askers - {host}:
            continue  # nobody else looked, and the node itself is not who would switch it off
        meant = [one for one in seen if one.node != host and any(look.host == host for look in one.inspection.looks)]
        good = [one for one in meant if is_trusted(one, host)]
        # One that cannot be asked does switch; what that is worth is said of the device.
        if not good and not any(_is_blind(one, host) for one in meant):
            tried = ", ".join(dict.fromkeys(one.device for one in meant)) or "no device"
            message = f"{host} cannot be switched off by any other node that was asked ({tried})"
            mend = f"mend what is found above, or add a device for {host}"
            code, nodes = codes.UNCOVERED, tuple(dict.fromkeys(one.node for one in seen))
            yield FenceFinding(code.code, code.severity, "", host, nodes, message, mend)
        elif good and all(one.inspection.dies_with_host for one in good):
            message = f"without mains {host} and its controller are silent alike, and a person must confirm"
            yield _finding(codes.DIES_WITH_HOST, good[0], host, message, "add a switched outlet as a second device")


def is_machine(uuid: str) -> bool:
    """Is it a UUID that tells one machine from another? Firmware that has none shows all zeros or all ones."""
    digits = uuid.replace("-", "").lower()
    return len(digits) == 32 and not set(digits) - set("0123456789abcdef") and len(set(digits)) > 1


def is_same_machine(one: str, other: str) -> bool:
    """Compare two UUIDs whatever the byte order: SMBIOS 2.6 has the first three fields little-endian, a BMC may give
    the whole of it reversed (IPMI 2.0, 20.8)."""
    mine, its = (bytes.fromhex(uuid.replace("-", "")) for uuid in (one, other))
    swapped = its[3::-1] + its[5:3:-1] + its[7:5:-1] + its[8:]
    return mine in (its, swapped, its[::-1], swapped[::-1])
