"""Writing down an exchange: what went over the wire, without the secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.flow import Step, System, asker_of
from sandbox.wire.exchange import BODY_LIMIT, Answer, Ended, Exchange
from sandbox.wire.issued import Issued
from sandbox.wire.message import Request, Response
from sandbox.wire.redaction import Redaction, Revealed, decoded, secrets_of, shown
from sandbox.wire.secret_places import in_body, in_form

_METHODS: Final = 20
_METHOD_LENGTH: Final = 100


@dataclass(kw_only=True)
class Recorder:
    """Writes down one exchange."""

    number: int
    at: float
    base: str
    system: System
    step: Step
    request: Request
    reveal: bool
    issued: Issued = field(default_factory=Issued)
    """What is known to be secret from earlier exchanges."""

    def exchange(
        self, response: Response | None, ended: Ended, seconds: float, faults: Iterable[str], client_id: str | None
    ) -> Exchange:
        """Give the exchange with this response, or without one."""
        request = self.request
        redact = self._redaction(response)
        if response is not None:
            self.issued.learn(response, redact.secrets)
        query = f"?{redact(request.query, in_form)}" if request.query else ""
        return Exchange(
            number=self.number,
            at=self.at,
            seconds=seconds,
            step=self.step,
            system=self.system,
            asker=asker_of(self.system, self.step, request.header("user-agent") or "", request.path),
            method=request.method,
            url=redact(self.base + request.path) + query,
            request_headers=redact.headers(request.headers),
            request_body=_body(request, redact),
            ended=ended,
            faults=[redact(fault) for fault in faults],
            client_id=None if client_id is None else redact(client_id),
            mcp_methods=[redact(method)[:_METHOD_LENGTH] for method in sorted(request.mcp_methods)[:_METHODS]],
            **_answered(response, ended, redact),
        )

    def healthy(self, answer: Response, sent: Response | None) -> Answer:
        """Write down what the application had answered, before faults edited it into what was sent."""
        secrets = secrets_of(self.request, answer)
        redact = (Revealed if self.reveal else Redaction)(
            self.issued.within(self.request) | secrets_of(self.request, sent) | secrets
        )
        headers = redact.headers(answer.headers)
        return Answer(status=answer.status, headers=headers, body=_body(answer, redact), held=decoded(secrets))

    def _redaction(self, response: Response | None) -> Redaction:
        return (Revealed if self.reveal else Redaction).of(self.request, response, self.issued.within(self.request))

    def conclude(self, exchange: Exchange, response: Response, ended: Ended, seconds: float) -> None:
        """Complete the record of a stream that has ended."""
        exchange.seconds, exchange.ended = seconds, ended
        for name, value in _answered(response, ended, self._redaction(response)).items():
            setattr(exchange, name, value)
        if exchange.healthy is not None:  # of a stream only the head is edited
            exchange.healthy.body = exchange.response_body


def _answered(response: Response | None, ended: Ended, redact: Redaction) -> dict[str, Any]:
    """Give the fields of an exchange that its response decides."""
    if response is None:
        return {"held": decoded(redact.secrets)}
    return {
        "status": response.status,
        "response_headers": redact.headers(response.headers),
        "response_body": _body(response, redact, cut=ended != "answered"),
        "held": decoded(redact.secrets),
    }


def _body(message: Request | Response, redact: Redaction, *, cut: bool = False) -> str:
    finder = in_body(message.header("content-type"))
    text = shown(message.body)
    return redact.cut(text, finder) if cut or len(message.body) > BODY_LIMIT else redact(text, finder)
