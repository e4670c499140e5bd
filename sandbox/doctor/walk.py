"""What a client knows on its way from a URL to the sign-in, and how it asks on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.diagnosis.challenges import Challenge
from sandbox.doctor import mcp
from sandbox.doctor.checks import Check, Verdict, check, passed, skipped, warned
from sandbox.doctor.documents import texts
from sandbox.doctor.http import Answer, Http
from sandbox.doctor.places import Place
from sandbox.flow import Step

ASKED: Final = 401
_FOUND: Final = 200


@dataclass
class Walk:
    """What a client knows after discovery, and the checks on the way."""

    url: str
    http: Http
    checks: list[Check] = field(default_factory=list)
    asked: dict[str, Answer] = field(default_factory=dict)
    """Every document that was asked for, by URL."""
    client_id: str | None = None
    """The client that a person registered before."""
    is_public: bool = False
    stopped: str = ""
    """Why a careful client cannot go on to sign in; empty when it can."""
    challenge: Challenge | None = None
    resource: dict[str, Any] | None = None
    """The resource's metadata."""
    issuer: str | None = None
    server: dict[str, Any] | None = None
    """The authorization server's metadata."""
    endpoint: str = ""
    """The MCP endpoint after its redirects."""
    first: list[Answer] = field(default_factory=list)
    """What came of the requests without a token."""

    def add(self, id: str, step: Step, checked: str, verdict: Verdict) -> Verdict:  # noqa: A002
        """Add a check, and give its verdict."""
        self.checks.append(check(id, step, checked, verdict))
        return verdict

    def stop(self, why: str) -> None:
        """Say why a client cannot go on; the first reason stays."""
        self.stopped = self.stopped or why

    @property
    def is_protected(self) -> bool:
        """Whether the server asked to sign in."""
        return any(answer.status == ASKED for answer in self.first)

    @property
    def named(self) -> str | None:
        """The URL that the challenge names as the resource's metadata."""
        return self.challenge.get("resource_metadata") if self.challenge else None

    @property
    def scope(self) -> str | None:
        """The scopes to ask for (MCP: those of the challenge, else those of the resource, else none)."""
        if self.challenge is not None and (said := self.challenge.get("scope")):
            return said
        listed = texts((self.resource or {}).get("scopes_supported"))
        return " ".join(listed) if listed else None

    async def document(self, place: Place, step: Step, *, survey: bool = False) -> Answer:
        """Ask for a document, once."""
        if place.url not in self.asked:
            headers = {"accept": "application/json", "mcp-protocol-version": mcp.LEGACY}
            self.asked[place.url] = await self.http.ask("GET", place.url, step, headers=headers, survey=survey)
        return self.asked[place.url]


async def post(walked: Walk, message: mcp.Message, step: Step = "challenge", token: str | None = None) -> Answer:
    """Post a message to the MCP endpoint; a redirect is followed on the same origin only, as the token goes with it."""
    headers = message.headers | ({"authorization": f"Bearer {token}"} if token else {})
    return await walked.http.ask(
        "POST",
        walked.endpoint,
        step,
        headers=headers,
        body=message.body,
        follow="same origin",
        until=mcp.is_answered,
    )


def document_of(answer: Answer) -> dict[str, Any] | None:
    """Give the JSON object of an answer; None when it holds none."""
    document = answer.response.json if answer.response and answer.status == _FOUND and answer.is_whole else None
    return document if isinstance(document, dict) else None


def found_or_not(answer: Answer) -> Verdict:
    """Say what a place for a document has; that it has nothing is no harm where another has it."""
    if document_of(answer) is not None:
        kind = (answer.header("content-type") or "no content type").partition(";")[0]
        return passed(answer.said) if kind == "application/json" else warned(f"{answer.said}, but as {kind}")
    if answer.status == _FOUND:
        return warned(f"{answer.said}, but no JSON object: {_begin(answer)}")
    return (
        warned(answer.said) if answer.failure or (answer.status or 0) not in {404, 405, 410} else skipped(answer.said)
    )


def _begin(answer: Answer) -> str:
    text = answer.exchange.response_body if answer.exchange else ""
    return json.dumps(text[:40], ensure_ascii=False)
