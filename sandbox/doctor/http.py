"""Requests within bounds, each written down without its secrets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, Literal, Self
from urllib.parse import urljoin, urlsplit

from sandbox import __version__
from sandbox.doctor.limits import USUAL_LIMITS, Limits
from sandbox.doctor.reach import Reach
from sandbox.flow import Asker, Step, System
from sandbox.outside.addresses import RefusedError, Target, UnresolvedError, host_of
from sandbox.outside.sending import Failure, Sending, Until, client
from sandbox.wire.exchange import Ended, Exchange
from sandbox.wire.identity import Identities
from sandbox.wire.message import Request, Response
from sandbox.wire.record import Recorder

USER_AGENT: Final = f"sandbox-doctor/{__version__}"

Follow = Literal["none", "same origin", "any"]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REPEATING: Final = frozenset({307, 308})
_ENDED: Final[dict[Failure | None, Ended]] = {
    None: "answered",
    "late": "unanswered",
    "cut": "cut",
    "tls": "unasked",
}


@dataclass(frozen=True)
class Answer:
    """What came of a request, after its redirects."""

    url: str
    """The URL that was asked last."""
    response: Response | None = None
    exchange: Exchange | None = None
    """The record of it; None when it was never sent."""
    failure: Failure | None = None
    words: str = ""
    """The failure in a few words."""
    hops: tuple[Exchange, ...] = ()
    """The redirects that led here."""
    is_whole: bool = True
    """Whether the body was read to its end."""

    @property
    def status(self) -> int | None:
        """The status; None when there was no answer."""
        return self.response.status if self.response else None

    @property
    def said(self) -> str:
        """The answer in a few words."""
        if self.response is None:
            return self.words
        led = f" after {len(self.hops)} redirect{'s' * (len(self.hops) > 1)}" if self.hops else ""
        cut = f", {self.words}" if self.words else ""
        return f"{self.response.status}{led}{cut}"

    def header(self, name: str) -> str | None:
        """Give the first response header of a name."""
        return self.response.header(name) if self.response else None


class Http:
    """Asks within bounds, and remembers every exchange. Use it as an asynchronous context manager."""

    def __init__(self, given: str, reach: Reach, limits: Limits = USUAL_LIMITS) -> None:
        self.given = given
        self.limits = limits
        self.exchanges: list[Exchange] = []
        """Every exchange, in order."""
        self.surveyed: set[int] = set()
        """The numbers of those that no client would have made."""
        self.certificates: dict[str, Mapping[str, Any]] = {}
        """The certificate of every host that was asked by HTTPS, as `ssl` gives it."""
        self.refused = reach.refused
        self._reach = reach
        self._identities = Identities()
        self._asked = 0
        self._deadline = time.monotonic() + limits.seconds
        self._open = AsyncExitStack()
        self._origin = origin_of(given)

    async def __aenter__(self) -> Self:
        self._client = await self._open.enter_async_context(client(self.limits.connect_seconds))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def path(self) -> list[Exchange]:
        """The exchanges that a client would have made as well."""
        return [one for one in self.exchanges if one.number not in self.surveyed]

    def wait(self, seconds: float) -> None:
        """Let time that a person took not count."""
        self._deadline += seconds

    async def ask(
        self,
        method: str,
        url: str,
        step: Step,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        follow: Follow = "any",
        survey: bool = False,
        until: Until | None = None,
    ) -> Answer:
        """Send a request, follow its redirects, and give what came.

        Only GET and HEAD follow to another origin. `until` says of the beginning of an event stream whether it is
        enough. Nothing is raised: what stands in the way is the answer's `failure`.
        """
        hops: list[Exchange] = []
        while True:
            answer = await self._once(method, url, step, dict(headers or {}), body, survey, until)
            onward = self._onward(method, answer, follow)
            if onward is None:
                break
            if len(hops) == self.limits.redirects:
                answer = Answer(answer.url, answer.response, answer.exchange, "limit", "redirected too often")
                break
            hops += [answer.exchange] if answer.exchange else []
            url = onward
        return Answer(
            answer.url,
            answer.response,
            answer.exchange,
            answer.failure,
            answer.words,
            tuple(hops),
            answer.is_whole,
        )

    def _onward(self, method: str, answer: Answer, follow: Follow) -> str | None:
        location = answer.header("location")
        if follow == "none" or answer.failure or answer.status not in _REDIRECTS or not location:
            return None
        if method not in {"GET", "HEAD"} and answer.status not in _REPEATING:
            return None
        try:
            url = urljoin(answer.url, location)
            same = origin_of(url) == origin_of(answer.url)
        except ValueError:
            return None
        return url if same or (follow == "any" and method in {"GET", "HEAD"}) else None

    async def _once(
        self,
        method: str,
        url: str,
        step: Step,
        headers: dict[str, str],
        body: bytes,
        survey: bool,  # noqa: FBT001
        until: Until | None,
    ) -> Answer:
        left = self._deadline - time.monotonic()
        if self._asked >= self.limits.requests or left <= 0:
            what = f"{self.limits.requests} requests" if left > 0 else f"{self.limits.seconds:g} s"
            return Answer(url, failure="limit", words=f"not asked: the limit of {what} is reached")
        self._asked += 1
        try:
            target = await self._reach.target(url)
        except RefusedError as refusal:
            return Answer(url, failure="refused", words=f"not asked: {refusal}")
        except UnresolvedError as error:
            return Answer(url, failure="unresolved", words=str(error))
        agreed = {"host": target.authority, "user-agent": USER_AGENT, "accept-encoding": "identity"}
        request = Request(method, target.path, target.query, tuple((agreed | headers).items()), body)
        sending, began, at = (
            Sending(self._client, target, request, until, self.limits.body),
            time.monotonic(),
            time.time(),
        )
        failure, words = await sending.sent(min(left, self.limits.request_seconds))
        arriving = sending.arriving
        if arriving.certificate is not None:
            self.certificates[target.host] = arriving.certificate
        response = arriving.response(self.limits.body)
        recorder = self._recorder(target, request, step, at)
        ended = _ENDED.get(failure, "dropped")
        if response is not None and (failure == "late" or not arriving.is_whole):
            ended = "cut" if failure == "cut" else "open"
        exchange = recorder.exchange(
            response, ended, time.monotonic() - began, (), self._identities.client_id(request, response)
        )
        self._keep(exchange, survey=survey)
        return Answer(url, response, exchange, failure, words, is_whole=arriving.is_whole)

    def _recorder(self, target: Target, request: Request, step: Step, at: float) -> Recorder:
        system: System = "log-aggregator" if origin_of(target.base) == self._origin else "workos"
        return Recorder(
            number=len(self.exchanges) + 1,
            at=at,
            base=target.base,
            system=system,
            step=step,
            request=request,
            reveal=False,
        )

    def _keep(self, exchange: Exchange, *, survey: bool) -> None:
        self.exchanges.append(exchange)
        if survey:
            self.surveyed.add(exchange.number)

    async def refusal(self, url: str) -> str | None:
        """Say why a URL is not asked; None when it may be."""
        try:
            await self._reach.target(url)
        except (RefusedError, UnresolvedError) as error:
            return str(error)
        return None

    async def note(self, url: str, step: Step, response: Response | None, asker: Asker) -> Exchange | None:
        """Write down what somebody else asked, as far as it is known: the browser; None for what cannot be asked."""
        try:
            target = await self._reach.target(url)
        except (RefusedError, UnresolvedError):
            return None
        request = Request("GET", target.path, target.query, (("host", target.authority),))
        recorder = self._recorder(target, request, step, time.time())
        ended: Ended = "answered" if response else "open"
        exchange = recorder.exchange(response, ended, 0.0, (), self._identities.client_id(request, response))
        exchange.asker = asker
        self._keep(exchange, survey=False)
        return exchange


def origin_of(url: str) -> str:
    """Give the scheme, host and port of a URL, the port always there. Raise ValueError for what is no URL."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host_of(url)}:{port}"
