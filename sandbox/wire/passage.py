"""One exchange on its way through the wire."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sandbox.durations import seconds
from sandbox.flow import Asked, System, step_of
from sandbox.scenario.model import EFFECTS
from sandbox.wire import withheld
from sandbox.wire.active import ActiveFault
from sandbox.wire.asgi import (
    Application,
    Collected,
    LeftError,
    Message,
    Receive,
    Scope,
    Send,
    answering,
    read_request,
    replayed,
    request_of,
    response_of,
    send_response,
    start_of,
)
from sandbox.wire.asker import Asker
from sandbox.wire.cors import is_preflight
from sandbox.wire.exchange import BODY_LIMIT, Ended, Exchange
from sandbox.wire.faults import EDIT_ORDER, HEAD_EDITS, edited, front, stands_in_front
from sandbox.wire.message import Request, Response, json_response
from sandbox.wire.place import Place
from sandbox.wire.record import Recorder

if TYPE_CHECKING:
    from sandbox.wire.wire import Wire

_log = logging.getLogger("sandbox")

_LIMIT: Final = "The body is over 4 MiB."
_TOO_LARGE: Final = json_response(413, {"error": "invalid_request", "error_description": _LIMIT, "message": _LIMIT})
_FAILED: Final = json_response(
    500, {"error": "server_error", "error_description": "The sandbox itself failed; see sandbox.log."}
)


class Passage:
    """One exchange: the request is read, the application or a fault answers, and it is written down."""

    def __init__(
        self,
        wire: Wire,
        system: System,
        base: str,
        asgi: tuple[Scope, Receive, Send],
        dressed: Callable[[Application], Application],
    ) -> None:
        self.wire, self.system, self.base, self.dressed = wire, system, base, dressed
        self.scope, self.receive, self.send = asgi
        self.asker = Asker(self.scope, self.receive)
        self.at = wire.sources.now()
        self.began = time.perf_counter()
        self.fired: list[ActiveFault] = []
        self.edits: list[ActiveFault] = []
        self.cut: ActiveFault | None = None
        self.answer = Collected()
        self.healthy: Response | None = None
        self.streams = self.shut = False
        self.passed = 0
        self.waits = self.withheld = False
        self.exchange: Exchange | None = None

    async def run(self, application: Application, refusal: Response | None = None) -> None:
        """Answer the request, or refuse it. Who hangs up before having sent it whole leaves no exchange."""
        try:
            await self._run(application, refusal)
        finally:
            self._waits(now=False)

    async def _run(self, application: Application, refusal: Response | None) -> None:
        try:
            self._begin(await read_request(self.scope, self.receive))
        except LeftError:
            return
        except OverflowError:
            self._begin(request_of(self.scope))
            await self._finish(_TOO_LARGE)
            return
        if self.withheld:
            _log.warning(
                "A request brought what looks like a real WorkOS API key. It was refused, and is kept nowhere."
            )
            refusal = withheld.refusal(self._place())
        if refusal is not None:
            await self._finish(refusal)
            return
        names = self.wire.identities.names(self.request)
        try:
            if is_preflight(self.request):
                await self._answer(application, [])
                return
            if self.step in self.wire.hold.before:
                await self._stand()
            await self._answer(application, self.wire.faults.due(self.step, self.request, names))
        except LeftError:
            self._record(None, "unanswered")

    def _waits(self, *, now: bool) -> None:
        """Count this exchange among those that wait for an answer, or no more."""
        self.wire.count(now - self.waits)
        self.waits = now

    def _begin(self, request: Request) -> None:
        self._waits(now=True)
        kept = withheld.withheld(request)
        if kept is not request:
            self.withheld, request = True, kept
            self.base = f"{self.base.partition(':')[0]}://localhost"
        grant_type = request.parameters.get("grant_type")
        self.request = request
        self.trace_run = self.wire.trace.run
        self.step = step_of(
            Asked(
                self.system,
                request.method,
                request.plain_path,
                request.bearer is not None,
                grant_type if isinstance(grant_type, str) else None,
                request.mcp_methods,
                is_named=self.wire.is_resource_metadata(self.system, request.plain_path),
            )
        )
        self.recorder = Recorder(
            number=self.wire.trace.number(),
            at=self.at,
            base=self.base,
            system=self.system,
            step=self.step,
            request=request,
            reveal=self.wire.reveal,
            issued=self.wire.issued,
        )

    # --- answering ------------------------------------------------------------------------------------------------

    async def _answer(self, application: Application, due: list[ActiveFault]) -> None:
        for active in due:
            if active.fault.action in EFFECTS:
                self.wire.effect(active.fault.action, getattr(active.fault, active.fault.action))
                self._fire(active)
        for active in due:
            if active.fault.delay is not None:
                self._fire(active)
                await self.asker.waits(seconds(active.fault.delay), self.wire.released)
        if (hanging := _with(due, "hang")) is not None:
            self._fire(hanging)
            await self.asker.waits(None, self.wire.released)
            await self._drop("unanswered")
            return
        self.cut = _with(due, "close")
        if self.cut is not None and self.cut.fault.close == "before":
            self._fire(self.cut)
            await self._drop("dropped")
            return
        in_front = [active for active in due if stands_in_front(active.fault, self.step)]
        self.edits = [active for active in due if active not in in_front and active.fault.action in EDIT_ORDER]
        self.edits.sort(key=lambda active: EDIT_ORDER.index(active.fault.action))
        for other in in_front[1:]:
            other.missed = "another fault answered before it"
        if in_front:
            self._fire(in_front[0])
            answer = front(in_front[0].fault, self._place())
            if in_front[0].fault.action == "status":  # a gateway's, which knows nothing of the pages
                await self._finish(answer)
            else:
                await self._pass_on(self.dressed(answering(answer)))
        else:
            await self._pass_on(application)

    async def _drop(self, how: Ended) -> None:
        """Drop the connection without an answer."""
        self._record(None, how)
        await self.asker.drop()

    def _edit(self, response: Response, edits: list[ActiveFault]) -> Response:
        self.healthy = response
        for active in edits:
            changed = edited(active.fault, response, self._place())
            if changed is None:
                active.missed = f"the answer ({response.status}) had nothing for it to edit"
            else:
                response = changed
                self._fire(active)
        return response

    def _place(self) -> Place:
        return Place(self.step, self.request, self.wire.tokens, self.wire.resource_metadata())

    def _fire(self, active: ActiveFault) -> None:
        active.fired += 1
        self.fired.append(active)

    async def _stand(self) -> None:
        """Stand before the step until somebody lets this go; the time is not the answer's, and is not counted."""
        before = time.perf_counter()
        with self.wire.hold.at(self.recorder.exchange(None, "unanswered", 0.0, (), None)) as go:
            await self.asker.waits(None, go)
        self.began += time.perf_counter() - before

    # --- the application's answer ---------------------------------------------------------------------------------

    async def _pass_on(self, application: Application) -> None:
        """Let the application answer, and send that on: whole where faults edit it, and else as it comes."""
        await self._ask(application)
        if self.answer.start is None:
            raise LeftError
        response = self.answer.response()
        if self._held():
            await self._finish(response if self.answer.ended else _FAILED)
        elif self.shut:
            self._record(replace(response, body=response.body[: self.passed]), "cut")
        else:
            had_enough = self.streams and self.asker.has_left  # a stream lasts until the asker leaves
            self._record(response, "answered" if self.answer.ended or had_enough else "cut")

    async def _ask(self, application: Application) -> None:
        """Ask the application; what it raises becomes a 500 that says so, and a line in the log."""
        try:
            await application(self.scope, replayed(self.request, self.receive), self._take)
        except Exception:  # noqa: BLE001 - whatever it is, a person must not meet a traceback
            _log.exception("%s %s failed inside the sandbox", self.request.method, self.request.path)
        if self.answer.start is None and not self.asker.has_left:
            await send_response(_FAILED, self._take)

    def _held(self) -> bool:
        """Say whether the answer is held back until it is whole; a stream cannot be."""
        return not self.streams and (bool(self.edits) or self.cut is not None)

    async def _take(self, message: Message) -> None:
        """Take a message of the application."""
        if message["type"] == "http.response.start":
            message = self._begun(message)
        else:
            self.answer.take(message)
        if self.shut or self._held():
            return
        await self.send(self._within_room(message) if self.streams else message)
        if self.shut:
            self.asker.close()

    def _begun(self, message: Message) -> Message:
        """Look at how the answer begins: a GET of server-sent events is a stream that does not end by itself."""
        head = response_of(message)
        self.streams = self.request.method == "GET" and _is_event_stream(head)
        if self.streams:
            for active in self.edits:
                if active.fault.action not in HEAD_EDITS:
                    active.missed = "the answer is a stream without end, of which only status and headers are edited"
            head = self._edit(head, [active for active in self.edits if active.fault.action in HEAD_EDITS])
            message = start_of(head)
        self.answer.limit = None if self._held() else BODY_LIMIT
        self.answer.take(message)
        if self.streams:
            self._record(head, "open")
        return message

    def _within_room(self, message: Message) -> Message:
        """Let no more of a stream through than the fault that cuts it says, and shut it there."""
        if self.cut is None or not isinstance(self.cut.fault.close, int):
            return message
        body = message.get("body", b"")[: self.cut.fault.close - self.passed]
        self.passed += len(body)
        if self.passed < self.cut.fault.close:
            return message
        self._fire(self.cut)
        self.shut = True
        return message if message["type"] == "http.response.start" else {**message, "body": body, "more_body": True}

    async def _finish(self, response: Response) -> None:
        """Send a whole response, edited, or as much of it as a fault lets through."""
        response = self._edit(response, self.edits)
        if self.cut is None or not isinstance(self.cut.fault.close, int):
            await send_response(response, self.send)
            self._record(response, "answered")
            return
        self._fire(self.cut)
        if response.header("content-length") is None:
            response = response.with_headers(content_length=str(len(response.body)))
        part = response.body[: self.cut.fault.close]
        await self.send(start_of(response))
        await self.send({"type": "http.response.body", "body": part, "more_body": True})
        self._record(replace(response, body=part), "cut")
        self.asker.close()
        await self.asker.leaves()

    # --- the record -----------------------------------------------------------------------------------------------

    def _record(self, response: Response | None, ended: Ended) -> None:
        self._waits(now=False)
        identities, trace = self.wire.identities, self.wire.trace
        identities.learn(self.step, self.request, response)
        if trace.run != self.trace_run:
            return
        took = time.perf_counter() - self.began
        if self.exchange is not None and response is not None:
            self.recorder.conclude(self.exchange, response, ended, took)
            trace.tell(self.exchange)
            return
        faults = [str(active.fault) for active in self.fired]
        client_id = identities.client_id(self.request, response)
        self.exchange = self.recorder.exchange(response, ended, took, faults, client_id)
        if (healthy := self._unedited()) is not None:
            self.exchange.healthy = self.recorder.healthy(healthy, response)
        trace.add(self.exchange)

    def _unedited(self) -> Response | None:
        """Give what the application answered, where a fault edited that or cut it short."""
        was_asked = not any(stands_in_front(active.fault, self.step) for active in self.fired)
        is_other = any(active is self.cut or active in self.edits for active in self.fired)
        return self.healthy if was_asked and is_other else None


def _with(due: list[ActiveFault], action: str) -> ActiveFault | None:
    return next((active for active in due if active.fault.action == action), None)


def _is_event_stream(response: Response) -> bool:
    return (response.header("content-type") or "").startswith("text/event-stream")
