"""As much of the basic encoding rules (ITU-T X.690) as SNMP needs. Needs no pytest.

>>> encoded = sequence(integer(1), octets(b"public"))
>>> [(tag, value) for tag, value in parts(parts(encoded)[0][1])]
[(2, b'\\x01'), (4, b'public')]
>>> read_oid(parts(oid("1.3.6.1.4.1.318"))[0][1])
'1.3.6.1.4.1.318'
"""

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30


def tagged(tag: int, body: bytes) -> bytes:
    """Return tag, length and body."""
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value: int) -> bytes:
    """Return a signed integer, as short as it goes."""
    return tagged(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """Return a string of bytes."""
    return tagged(OCTETS, value)


def sequence(*items: bytes) -> bytes:
    """Return encoded items as one."""
    return tagged(SEQUENCE, b"".join(items))


def oid(dotted: str) -> bytes:
    """Return an object identifier written with dots."""
    first, second, *rest = map(int, dotted.strip(".").split("."))
    return tagged(OID, b"".join(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(arc & 0x7F | 0x80)
    return bytes(reversed(groups))


def read_oid(body: bytes) -> str:
    """Return an object identifier's body with dots."""
    arcs, arc = [], 0
    for byte in body:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))


def parts(encoded: bytes) -> list[tuple[int, bytes]]:
    """Return tag and body of each item in a row. Raises ValueError where the bytes are no such row."""
    found = []
    while encoded:
        if len(encoded) < 2:
            raise ValueError("it ends within a header")
        tag, size, start = encoded[0], encoded[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(encoded[2:start], "big")
        if len(encoded) < start + size:
            raise ValueError("it ends within a value")
        found.append((tag, encoded[start : start + size]))
        encoded = encoded[start + size :]
    return found
