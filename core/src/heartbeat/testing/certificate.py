"""Certificates for simulated devices that speak TLS: ``heartbeat-core[simulators]``. Needs no pytest.

>>> with tempfile.TemporaryDirectory() as folder:
...     certificate = Certificate(Path(folder))
...     context = certificate.server()
...     certificate.path.read_text().splitlines()[0]
'-----BEGIN CERTIFICATE-----'
"""

import datetime as dt
import ipaddress
import ssl
import tempfile  # noqa: F401 - for the example
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LASTS = dt.timedelta(days=1)


class Certificate:
    """Signed by itself, for 127.0.0.1, in files of a folder; valid for a day either way of now."""

    def __init__(self, folder: Path) -> None:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = generate_private_key(SECP256R1())
        self.path, self._key = folder / "certificate.pem", folder / "key.pem"
        self.path.write_bytes(_signed(key))
        self._key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def server(self) -> ssl.SSLContext:
        """Return a context that shows it to clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.shown_by(context)
        return context

    def shown_by(self, context: ssl.SSLContext) -> None:
        """Have a server's context show it from its next connection on, instead of what it showed before."""
        context.load_cert_chain(self.path, self._key)

    def client(self) -> ssl.SSLContext:
        """Return a client's context that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.path))


def _signed(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated device")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - LASTS, now + LASTS
    ).add_extension(address, critical=False)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)
