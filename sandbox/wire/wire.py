"""The ASGI middleware in front of both systems.

It names the step, lets the healthy application answer, applies the faults that are due, and records what really left.
The applications know nothing of faults, and faults know nothing of applications.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sandbox.durations import seconds
from sandbox.flow import Asked, Step, System, asker_of, step_of
from sandbox.scenario.model import EFFECTS, Fault
from sandbox.sources import Sources
from sandbox.wire.active import ActiveFault, ActiveFaults
from sandbox.wire.asgi import (
    Application,
    Collected,
    LeftError,
    Message,
    Receive,
    Scope,
    Send,
    read_request,
    replayed,
    response_of,
    send_response,
    start_of,
)
from sandbox.wire.exchange import BODY_LIMIT, Ended, Exchange, Trace
from sandbox.wire.faults import EDIT_ORDER, Place, TokenTools, edited, front, stands_in_front
from sandbox.wire.identity import Identities
from sandbox.wire.message import Response, json_response
from sandbox.wire.redaction import Redaction, decoded, secrets_of

_log = logging.getLogger("sandbox")


@dataclass(kw_only=True)
class Wire:
    """What both systems' wires share: the trace, the faults at work, and what faults may touch."""

    sources: Sources
    tokens: TokenTools
    effect: Callable[[str, str], None]
    """Changes state: ("forget", "clients") and the like."""
    resource_metadata: Callable[[], str]
    trace: Trace = field(default_factory=Trace)
    faults: ActiveFaults = field(default_factory=ActiveFaults)
    identities: Identities = field(default_factory=Identities)
    reveal: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when hanging exchanges may go: the scenario changed, or the sandbox stops."""

    def load(self, faults: tuple[Fault, ...]) -> None:
        """Put other faults to work, their turns uncounted, and let go what hangs."""
        self.faults = ActiveFaults(faults)
        self.released.set()
        self.released = asyncio.Event()

    def around(self, system: System, application: Application, base: Callable[[Scope], str]) -> Application:
        """Put the wire in front of a system."""

        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await _Passage(self, system, base(scope), (scope, receive, send)).run(application)

        return asgi


class _Passage:
    """One exchange on its way through the wire."""

    def __init__(self, wire: Wire, system: System, base: str, asgi: tuple[Scope, Receive, Send]) -> None:
        self.wire, self.system, self.base = wire, system, base
        self.scope, self.receive, self.send = asgi
        self.number = wire.trace.number()
        self.at = wire.sources.now()
        self.began = time.perf_counter()
        self.fired: list[ActiveFault] = []
        self.exchange: Exchange | None = None

    async def run(self, application: Application) -> None:
        try:
            self.request = await read_request(self.scope, self.receive)
        except LeftError:
            return
        except OverflowError:
            answer = json_response(413, {"error": "invalid_request", "error_description": "The body is over 4 MiB."})
            await send_response(answer.with_headers(connection="close"), self.send)
            return
        self.step = self._step()
        names = self.wire.identities.names(self.request)
        due = self.wire.faults.due(self.step, self.request, names)
        try:
            await self._answer(application, due)
        except LeftError:
            self._record(None, "unanswered")

    def _step(self) -> Step:
        grant_type = self.request.parameters.get("grant_type")
        return step_of(
            Asked(
                self.system,
                self.request.method,
                self.request.path,
                self.request.bearer is not None,
                grant_type if isinstance(grant_type, str) else None,
                self.request.mcp_methods,
            )
        )

    # --- answering ------------------------------------------------------------------------------------------------

    async def _answer(self, application: Application, due: list[ActiveFault]) -> None:
        for active in due:
            if active.fault.action in EFFECTS:
                self.wire.effect(active.fault.action, str(getattr(active.fault, active.fault.action)))
                self._fire(active)
        for active in due:
            if active.fault.delay is not None:
                self._fire(active)
                await self._wait(seconds(active.fault.delay))
        if (hanging := _with(due, "hang")) is not None:
            self._fire(hanging)
            await self._wait(None)
            self._drop("unanswered")
            return
        cut = _with(due, "close")
        if cut is not None and cut.fault.close == "before":
            self._fire(cut)
            self._drop("dropped")
            return
        in_front = next((active for active in due if stands_in_front(active.fault, self.step)), None)
        edits = [active for active in due if active is not in_front and active.fault.action in EDIT_ORDER]
        edits.sort(key=lambda active: EDIT_ORDER.index(active.fault.action))
        if in_front is None and cut is None and (not edits or self._streams()):
            await self._pass_through(application, edits)
            return
        if in_front is not None:
            response = front(in_front.fault, self._place())
            self._fire(in_front)
        else:
            response = await self._whole(application)
        response = self._edit(response, edits)
        if cut is not None and isinstance(cut.fault.close, int):
            self._fire(cut)
            await self._cut(response, cut.fault.close)
        else:
            await send_response(response, self.send)
            self._record(response, "answered")

    def _edit(self, response: Response, edits: list[ActiveFault]) -> Response:
        for active in edits:
            changed = edited(active.fault, response, self._place())
            if changed is None:
                active.missed = f"the answer ({response.status}) had nothing for it to edit"
            else:
                response = changed
                self._fire(active)
        return response

    def _streams(self) -> bool:
        """Say whether this asks for a stream that does not end by itself (GET, server-sent events)."""
        return self.request.method == "GET" and "text/event-stream" in (self.request.header("accept") or "")

    def _place(self) -> Place:
        return Place(self.step, self.request, self.wire.tokens, self.wire.resource_metadata())

    def _fire(self, active: ActiveFault) -> None:
        active.fired += 1
        self.fired.append(active)

    async def _wait(self, duration: float | None) -> None:
        """Wait so long, or for ever; less when the scenario changes; raise LeftError when the asker hangs up."""
        released = asyncio.ensure_future(self.wire.released.wait())
        left = asyncio.ensure_future(self._until_left())
        try:
            await asyncio.wait({released, left}, timeout=duration, return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                raise LeftError
        finally:
            released.cancel()
            left.cancel()

    async def _until_left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _ask(self, application: Application, send: Send) -> None:
        """Let the application answer; what it raises becomes a 500 that says so, and a line in the log."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await application(self.scope, replayed(self.request, self.receive), watched)
        except Exception:  # noqa: BLE001 - whatever it is, a person must not meet a traceback
            _log.exception("%s %s failed inside the sandbox", self.request.method, self.request.path)
            if not started:
                failure = {"error": "server_error", "error_description": "The sandbox itself failed; see sandbox.log."}
                await send_response(json_response(500, failure), send)

    async def _whole(self, application: Application) -> Response:
        """Give the application's whole response."""
        collected = Collected()

        async def send(message: Message) -> None:
            collected.take(message)

        await self._ask(application, send)
        return collected.response()

    async def _pass_through(self, application: Application, edits: list[ActiveFault]) -> None:
        """Send the application's answer on as it comes; only its status and headers can be edited."""
        collected = Collected(limit=BODY_LIMIT)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start" and edits:
                message = start_of(self._edit(response_of(message), edits))
            collected.take(message)
            if message["type"] == "http.response.start" and self._streams():
                self._record(collected.response(), "open")
            await self.send(message)

        await self._ask(application, send)
        self._record(collected.response(), "answered" if collected.ended else "cut")

    # --- the connection -------------------------------------------------------------------------------------------

    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope["state"]["transport"]
        return transport

    def _drop(self, how: Ended) -> None:
        """Drop the connection for real, with a TCP reset where there was no answer."""
        self._record(None, how)
        self._transport().abort()

    async def _cut(self, response: Response, size: int) -> None:
        """Announce the whole body, send `size` bytes of it, and close."""
        await self.send(start_of(response))
        await self.send({"type": "http.response.body", "body": response.body[:size], "more_body": True})
        self._record(replace(response, body=response.body[:size]), "cut")
        self._transport().close()

    # --- the record -----------------------------------------------------------------------------------------------

    def _record(self, response: Response | None, ended: Ended) -> None:
        if self.exchange is not None:
            self._conclude(self.exchange, response, ended)
            return
        request = self.request
        self.wire.identities.learn(self.step, request, response)
        secrets = secrets_of(request, response)
        redact: Callable[[str], str] = str if self.wire.reveal else Redaction(secrets)
        user_agent = request.header("user-agent") or ""
        query = f"?{request.query}" if request.query else ""
        self.exchange = Exchange(
            number=self.number,
            at=self.at,
            seconds=time.perf_counter() - self.began,
            step=self.step,
            system=self.system,
            asker=asker_of(self.system, self.step, user_agent),
            method=request.method,
            url=redact(f"{self.base}{request.path}{query}"),
            request_headers=[(name, redact(value)) for name, value in request.headers],
            request_body=redact(_text(request.body)),
            status=response.status if response else None,
            response_headers=[(name, redact(value)) for name, value in response.headers] if response else [],
            response_body=redact(_text(response.body)) if response else "",
            ended=ended,
            faults=[str(active.fault) for active in self.fired],
            held=decoded(secrets),
            client_id=self.wire.identities.client_id(request, response),
            mcp_methods=sorted(request.mcp_methods),
        )
        self.wire.trace.add(self.exchange)

    def _conclude(self, exchange: Exchange, response: Response | None, ended: Ended) -> None:
        """Complete the record of a stream that has ended."""
        exchange.seconds = time.perf_counter() - self.began
        exchange.ended = ended
        if response is not None:
            redact: Callable[[str], str] = str if self.wire.reveal else Redaction(secrets_of(self.request, response))
            exchange.response_body = redact(_text(response.body))
        self.wire.trace.tell(exchange)


def _with(due: list[ActiveFault], action: str) -> ActiveFault | None:
    return next((active for active in due if active.fault.action == action), None)


def _text(body: bytes) -> str:
    return body[:BODY_LIMIT].decode("utf-8", "replace")
