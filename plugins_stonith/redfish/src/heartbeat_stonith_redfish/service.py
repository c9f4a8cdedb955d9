"""A conversation with a Redfish service over HTTPS (DSP0266): one connection, each answer and the whole bounded."""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
from heartbeat.plugin import AccessDenied, PluginError, Secret, TimedOut, Unreachable

ROOT = "/redfish/v1/"
SESSIONS = f"{ROOT}SessionService/Sessions"
"""Where most services have them; the root says it for certain (DSP0266, 13.3.4)."""
ANSWER_BYTES_MAX = 1 << 20
"""A ComputerSystem has some ten kilobytes."""
WHOLE_ANSWERS = 6
"""A whole conversation may take as long as so many answers."""
CREATED, UNAUTHORIZED, FORBIDDEN = 201, 401, 403


@dataclass(frozen=True, slots=True)
class Access:
    """Where a service is, and who we are there."""

    host: str
    port: int
    login: str
    password: Secret
    tls: ssl.SSLContext
    limit_s: float
    """Of one answer."""
    by_session: bool = False
    """Log in and out (DSP0266, 13.3.4) instead of sending name and password with each request."""

    @property
    def place(self) -> str:
        return f"{self.host} port {self.port}"

    @property
    def url(self) -> str:
        return f"https://[{self.host}]:{self.port}" if ":" in self.host else f"https://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, the object in it (empty without one), and headers with small letters."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """What the service says of an error, on one line (DSP0266, 8.6)."""
        error = self.body.get("error")
        told = error.get("@Message.ExtendedInfo") if isinstance(error, dict) else None
        first = told[0] if isinstance(told, list) and told and isinstance(told[0], dict) else {}
        text = first.get("Message") or (error.get("message") if isinstance(error, dict) else "")
        return " ".join(str(text or "it does not say why").split())[:200]


class Service:
    """Use it as a context: logged in on entering, logged out on leaving, also after errors. Raises PluginError."""

    def __init__(self, access: Access) -> None:
        self.place = access.place
        self._access = access
        self._deadline_s = time.monotonic() + WHOLE_ANSWERS * access.limit_s
        self._session = ""
        """Path of the session that we opened."""
        basic = httpx.BasicAuth(access.login, access.password.reveal())
        self._client = httpx.Client(
            base_url=access.url,
            auth=None if access.by_session else basic,
            verify=access.tls,
            trust_env=False,  # no proxy and no netrc of whoever started us
            headers={"Accept": "application/json", "OData-Version": "4.0"},
        )

    def __enter__(self) -> Self:
        if self._access.by_session:
            try:
                self._log_in()
            except BaseException:
                self._client.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._session:
                self.ask("DELETE", self._session)
        except PluginError:
            pass  # it ends by itself when it was idle for long enough
        finally:
            self._client.close()

    def get(self, path: str) -> Answer:
        """Return a resource. Raises PluginError, also for any answer but a good one with an object in it."""
        answer = self.ask("GET", path)
        if not answer.is_good or not answer.body:
            raise PluginError(f"{self.place} answers {path} with status {answer.status}: {answer.words}")
        return answer

    def ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return an answer, whatever its status but "log in". Raises PluginError; TimedOut when it did not come."""
        left_s = min(self._access.limit_s, self._deadline_s - time.monotonic())
        if left_s <= 0:
            raise TimedOut(f"{self.place}: a conversation took longer than {WHOLE_ANSWERS} times `timeout`")
        try:
            with self._client.stream(method, path, json=body, headers=headers, timeout=left_s) as got:
                text = b"".join(self._pieces(got))
                answer = Answer(got.status_code, _object(text), dict(got.headers))
        except httpx.HTTPError as wrong:
            raise self._why(wrong) from None
        if answer.status in (UNAUTHORIZED, FORBIDDEN):
            raise AccessDenied(
                f"{self.place} does not let {self._access.login} do this (status {answer.status}): "
                "check `login`, `password`, `auth` and the role of the account"
            )
        return answer

    def _log_in(self) -> None:
        given = {"UserName": self._access.login, "Password": self._access.password.reveal()}
        links = self.get(ROOT).body.get("Links")
        there = links.get("Sessions") if isinstance(links, dict) else None
        path = there.get("@odata.id") if isinstance(there, dict) else None
        answer = self.ask("POST", self.own(path or SESSIONS), given)
        token = answer.headers.get("x-auth-token", "")
        if answer.status != CREATED or not token:
            raise AccessDenied(f"{self.place} opens no session (status {answer.status}): check `login` and `auth`")
        self._client.headers["X-Auth-Token"] = token
        self._session = self.own(answer.headers.get("location", ""))

    def own(self, path: object) -> str:
        """Return a path on this service that it names itself. Raises PluginError for what leads elsewhere."""
        text = str(path).removeprefix(self._access.url)
        if not text.startswith("/") or text.startswith("//") or not text.isprintable():
            raise PluginError(f"{self.place} names a path of its own that is none: {text[:80]!r}")
        return text

    def _pieces(self, got: httpx.Response) -> Iterator[bytes]:
        left = ANSWER_BYTES_MAX
        for piece in got.iter_bytes():
            left -= len(piece)
            if left < 0:
                raise PluginError(f"{self.place} sends more than {ANSWER_BYTES_MAX} bytes: is it a Redfish service?")
            if time.monotonic() > self._deadline_s:
                raise TimedOut(f"{self.place}: a conversation took longer than {WHOLE_ANSWERS} times `timeout`")
            yield piece

    def _why(self, wrong: httpx.HTTPError) -> PluginError:
        limit = f"within {self._access.limit_s:g} s (`timeout`)"
        causes = list(_causes(wrong))
        refused = next((it for it in causes if isinstance(it, ssl.SSLCertVerificationError)), None)
        if refused:
            mend = "put it, or who signed it, into `ca_file`"
            return AccessDenied(f"the certificate of {self.place} is not trusted: {refused.verify_message}; {mend}")
        if isinstance(wrong, httpx.ConnectTimeout):
            return Unreachable(f"{self.place}: no connection {limit}")
        if isinstance(wrong, httpx.ConnectError):
            return Unreachable(f"{self.place} cannot be reached over TLS: {_first_line(causes[-1])}")
        if isinstance(wrong, httpx.TimeoutException):
            return TimedOut(f"{self.place}: no answer {limit}")
        return PluginError(f"{self.place} broke an answer off, or it is no HTTP: {type(wrong).__name__}")


def _object(text: bytes) -> Mapping[str, Any]:
    """Return the JSON object of an answer; empty when there is none, which is then not taken for an answer."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # the second: a thousand lists within each other
        return {}
    return value if isinstance(value, dict) else {}


def _causes(wrong: BaseException | None) -> Iterator[BaseException]:
    while wrong is not None:
        yield wrong
        wrong = wrong.__cause__ or wrong.__context__


def _first_line(said: object) -> str:
    return str(said).strip().partition("\n")[0] or type(said).__name__
