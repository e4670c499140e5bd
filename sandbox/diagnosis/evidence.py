"""What the rules look at: the exchanges of one client, and what they say, read once."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlsplit

from sandbox.diagnosis.challenges import Challenge, challenges_of
from sandbox.flow import STEPS, Step
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_SUCCESS: Final = range(200, 300)
_ASKS: Final = frozenset({"client_id", "response_type", "state", "scope"})
_METADATA: Final = re.compile(
    r"(?P<base>[a-z]+://[^/]+)(?P<before>/[^?#]*?)?/\.well-known/(oauth-authorization-server|openid-configuration)"
    r"(?P<after>/[^?#]*)?"
)
_PATIENCE: Final = 3.0
"""Least seconds of silence that mean something while a trace still grows."""
_PACE: Final = 5
"""How many times its longest pause so far a client may pause before that is silence."""


T = TypeVar("T")


class Document(NamedTuple):
    """A JSON object that was answered, and where."""

    fields: dict[str, Any]
    exchange: Exchange


class Evidence:
    """The exchanges of one client, in order, with those of its browser and of the servers among themselves.

    `now` is the time of a trace that still grows, in seconds since the epoch; None says that it is complete. Rules read
    nothing else: no scenario, no settings, and not the faults that the sandbox's own trace names.
    """

    def __init__(self, exchanges: Iterable[Exchange], now: float | None = None) -> None:
        self.exchanges: Sequence[Exchange] = sorted(exchanges, key=_number)
        self._now = now
        self._read: dict[int, Any] = {}
        self._made: dict[Any, Any] = {}

    # --- exchanges ------------------------------------------------------------------------------------------------

    def at(self, *steps: Step) -> list[Exchange]:
        """Give the exchanges of some steps."""
        return list(self._at(steps))

    def after(self, exchange: Exchange, *steps: Step) -> list[Exchange]:
        """Give the later exchanges, of some steps or of all."""
        found = self._at(steps) if steps else self.exchanges
        return list(found[bisect_right(found, exchange.number, key=_number) :])

    def before(self, exchange: Exchange, *steps: Step) -> list[Exchange]:
        """Give the earlier exchanges, of some steps or of all, the nearest last."""
        found = self._at(steps) if steps else self.exchanges
        return list(found[: bisect_left(found, exchange.number, key=_number)])

    def _at(self, steps: tuple[Step, ...]) -> Sequence[Exchange]:
        return self.once(steps, lambda: [one for one in self.exchanges if one.step in steps])

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Give what several rules need and is made only once for this evidence."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def is_silent_after(self, exchange: Exchange) -> bool:
        """Say whether the client has had time to go on after an exchange, by its own pace, and did not ask anything."""
        if self._last_asked > exchange.number:
            return False
        return self.had_time_after(exchange)

    @cached_property
    def _last_asked(self) -> int:
        return max((one.number for one in self.exchanges if one.asker in {"client", "browser"}), default=-1)

    def had_time_after(self, exchange: Exchange) -> bool:
        """Say whether enough time has passed since an exchange for what would follow; so it is in a complete trace."""
        if self._now is None:
            return True
        times = [one.at for one in self.exchanges]
        pauses = [later - earlier for earlier, later in pairwise(times)]
        return self._now - exchange.at - exchange.seconds > max(_PATIENCE, _PACE * max(pauses, default=0.0))

    # --- what an exchange says ------------------------------------------------------------------------------------

    def json(self, exchange: Exchange) -> Any:
        """Give the JSON of an answer; None when there is none."""
        if exchange.number not in self._read:
            self._read[exchange.number] = as_json(exchange.response_body)
        return self._read[exchange.number]

    def fields(self, exchange: Exchange) -> dict[str, Any]:
        """Give the members of the JSON object that was answered; none when it was something else."""
        document = self.json(exchange)
        return document if isinstance(document, dict) else {}

    # --- the flow -------------------------------------------------------------------------------------------------

    @cached_property
    def mcp_requests(self) -> list[Exchange]:
        """The requests of the client to the MCP endpoint itself, with and without a token."""
        return [one for one in self.at("challenge", "session", "messages") if one.asker == "client"]

    @cached_property
    def url(self) -> str:
        """The URL that the client was given, as far as the requests tell; empty when none came to the MCP server."""
        return next((one.url for one in self.mcp_requests), "")

    @cached_property
    def refusals(self) -> list[tuple[Exchange, list[Challenge]]]:
        """The answers that keep the client out of the MCP server (401 and 403), with the challenges that they hold."""
        return [(one, challenges_of(one)) for one in self.mcp_requests if one.status in {401, 403}]

    @cached_property
    def resource_metadata(self) -> Document | None:
        """The protected-resource metadata that the client ended up with (RFC 9728)."""
        return self._last_document("resource-metadata", "resource", "authorization_servers")

    @cached_property
    def sees_resource(self) -> bool:
        """Whether the MCP server is in the trace; its part is missing where only the authorization server recorded."""
        return bool(self.mcp_requests or self.at("resource-metadata"))

    @cached_property
    def issuers(self) -> list[str]:
        """The authorization servers that the resource names; where it is not in the trace, those that were asked."""
        if not self.sees_resource:
            asked = (_issuer_of(one.url) for one in self.at("server-metadata") if one.asker == "client")
            return list(dict.fromkeys(filter(None, asked)))
        named = self.resource_metadata.fields.get("authorization_servers") if self.resource_metadata else None
        return [one for one in named if isinstance(one, str)] if isinstance(named, list) else []

    @cached_property
    def server_metadata(self) -> Document | None:
        """The authorization server's metadata that the client ended up with (RFC 8414, OpenID Connect)."""
        return self._last_document("server-metadata", "issuer", "token_endpoint", "authorization_endpoint")

    def _last_document(self, step: Step, *typical: str) -> Document | None:
        for exchange in reversed(self.at(step)):
            fields = self.fields(exchange)
            if is_success(exchange) and any(name in fields for name in typical):
                return Document(fields, exchange)
        return None

    @cached_property
    def authorizations(self) -> list[Exchange]:
        """The authorization requests, as the browser brought them; who asks without parameters asks for nothing."""
        return [
            one
            for one in self.at("authorization")
            if urlsplit_or_empty(one.url).path.endswith("/authorize") and _ASKS & form_of(one).keys()
        ]

    @cached_property
    def redirects_back(self) -> list[tuple[Exchange, dict[str, str]]]:
        """The redirects that bring a code or an error to the client, with their fields (RFC 6749, section 4.1.2)."""
        found = []
        for one in self.at("authorization"):
            location = urlsplit_or_empty(one.response_header("location") or "")
            fields = dict(parse_qsl(location.query, keep_blank_values=True))
            if location.scheme and {"code", "error"} & fields.keys():
                found.append((one, fields))
        return found

    def got_past(self, step: Step, since: int = 0) -> bool:
        """Say whether the client came further than a step, after the exchange of a number: later steps worked."""
        return any(self._last_worked.get(later, -1) > since for later in _BEYOND[step])

    @cached_property
    def _last_worked(self) -> dict[Step, int]:
        """The number of the last exchange that worked, for each step of MCP."""
        worked: dict[Step, int] = {one.step: one.number for one in self.exchanges if self.worked(one)}
        asked_about = [one.number for one in self.at("jwks", "introspection") if is_success(one)]
        if asked_about and not self.sees_resource:  # all that is seen of a token at work
            worked["session"] = asked_about[-1]
        return worked

    def worked(self, exchange: Exchange) -> bool:
        """Say whether an MCP request with a token was answered as it wanted to be, errors inside of a 200 aside."""
        if exchange.step not in {"session", "messages", "challenge"} or exchange.asker != "client":
            return False
        fields = self.fields(exchange)
        return is_success(exchange) and exchange.ended in {"answered", "open"} and "error" not in fields


def _beyond(step: Step) -> frozenset[Step]:
    late: frozenset[Step] = frozenset({"session", "messages"})
    if step in {"session", "messages", "refresh"}:
        return frozenset({"messages"})
    return late if step != "challenge" else late | {"challenge"}


_number: Final = attrgetter("number")
_BEYOND: Final = {step: _beyond(step) for step in STEPS}


def _issuer_of(url: str) -> str | None:
    """Give the issuer whose metadata is at a URL (RFC 8414, section 3.1; OpenID Connect Discovery, section 4)."""
    match = _METADATA.fullmatch(url)
    return match and match["base"] + (match["before"] or match["after"] or "")


def is_success(exchange: Exchange) -> bool:
    """Say whether an exchange was answered with a status of success."""
    return exchange.status in _SUCCESS


def form_of(exchange: Exchange) -> dict[str, str]:
    """Give the fields of a request: of its query, and of its form."""
    is_form = (exchange.request_header("content-type") or "").startswith("application/x-www-form-urlencoded")
    return dict(_form(exchange.url, exchange.request_body if is_form else ""))


@lru_cache(maxsize=1024)
def _form(url: str, body: str) -> tuple[tuple[str, str], ...]:
    fields = dict(parse_qsl(urlsplit_or_empty(url).query, keep_blank_values=True))
    return tuple((fields | dict(parse_qsl(body, keep_blank_values=True))).items())


def urlsplit_or_empty(url: str) -> SplitResult:
    """Split a URL; give empty parts for what is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def origin(url: str) -> str:
    """Give scheme, host and port of a URL, as they are written, in small letters."""
    parts = urlsplit_or_empty(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def tokens_in(exchange: Exchange) -> Iterator[dict[str, Any]]:
    """Give what the JWTs of an exchange say: `header` and `claims`."""
    for said in exchange.held.values():
        if "claims" in said:
            yield said
