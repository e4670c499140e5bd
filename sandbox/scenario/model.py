"""What a scenario file may say, as values: the shape behind the reader, the JSON Schema and the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from sandbox.flow import Step
from sandbox.settings import Duration
from sandbox.world import World, expand, merged

Wildcard = Annotated[str, Meta(description="shell-style wildcards: * ? [abc]; a leading ! takes all others")]


Status = Annotated[int, Meta(ge=200, le=599)]
ErrorStatus = Annotated[int, Meta(ge=400, le=599)]
Turn = Annotated[
    str,
    Meta(
        pattern=r"^(first|nth|after|every) [1-9][0-9]*$",
        description="which of the matching exchanges: first 3, nth 2, after 2, every 5; all when absent",
    ),
]


class When(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which requests of a step a fault takes; every condition must hold, and case matters."""

    method: Annotated[Wildcard | None, Meta(description="the HTTP method")] = None
    path: Annotated[Wildcard | None, Meta(description="the path of the URL")] = None
    grant_type: Annotated[Wildcard | None, Meta(description="the grant_type of a token request")] = None
    header: Annotated[dict[str, Wildcard], Meta(description="request headers by name")] = field(default_factory=dict)
    mcp_method: Annotated[Wildcard | None, Meta(description="the JSON-RPC method, such as tools/call")] = None
    client: Annotated[
        Wildcard | None, Meta(description="the client: its registered name, clientInfo name or User-Agent")
    ] = None
    form: Annotated[dict[str, Wildcard], Meta(description="fields of the form or of the query")] = field(
        default_factory=dict
    )
    json: Annotated[
        dict[str, Any],
        Meta(description="fields of the JSON body, nested by mapping; of a list, one item is enough"),
    ] = field(default_factory=dict)


class ErrorAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An error in the shape that the endpoint really uses."""

    code: Annotated[str, Meta(description="the error code, such as invalid_grant")]
    description: Annotated[str | None, Meta(description="the error_description")] = None
    status: Annotated[ErrorStatus | None, Meta(description="the endpoint's usual one when absent")] = None


class Redirect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A redirect with a status other than 302."""

    to: Annotated[str, Meta(description="the URL, which goes out as it is")]
    status: Annotated[int, Meta(ge=300, le=399)] = 302


Fields = Annotated[dict[str, Any], Meta(description="fields of the JSON answer, nested by mapping")]
Names = Annotated[list[str] | dict[str, Any], Meta(description="names of JSON fields, nested by mapping")]


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One edit of a healthy answer on the wire: where, when, and exactly one action."""

    at: Annotated[
        Step | Annotated[tuple[Step, ...], Meta(min_length=1)],
        Meta(description="the step whose answers it edits, or a list of steps, whose exchanges it counts together"),
    ]
    when: Annotated[When, Meta(description="which requests of the step; all when absent")] = When()
    on: Turn | None = None

    set: Fields | None = None
    remove: Names | None = None
    error: Annotated[
        str | ErrorAnswer | None, Meta(description="an OAuth error code, in the shape of the endpoint")
    ] = None
    status: Annotated[
        Status | None,
        Meta(
            description="below 400 edits the answer; from 400 on a gateway answers, and WorkOS or the service never"
            " sees the request"
        ),
    ] = None
    headers: Annotated[
        dict[str, str | list[str] | None] | None,
        Meta(description="response headers; null removes, a list sends several of one name"),
    ] = None
    body: Annotated[str | dict[str, Any] | list[Any] | None, Meta(description="text, or JSON")] = None
    content_type: Annotated[str | None, Meta(description="goes with body")] = None
    replace: Annotated[
        dict[str, str] | None, Meta(description="text for text, in the headers and the body as they are otherwise sent")
    ] = None
    redirect: Annotated[str | Redirect | None, Meta(description="a URL, or {to, status}")] = None
    delay: Annotated[Duration | None, Meta(description="wait before answering")] = None
    hang: Annotated[Literal[True] | None, Meta(description="never answer")] = None
    close: Annotated[
        Literal["before"] | Annotated[int, Meta(ge=0)] | None,
        Meta(description="`before`: drop the connection unanswered; a number: cut it after so many bytes of the body"),
    ] = None
    claims: Annotated[
        dict[str, Any] | None,
        Meta(description="claims of the access token; null removes; exp, iat and nbf take a duration from now"),
    ] = None
    sign: Annotated[
        Literal["unpublished-key", "none", "HS256", "RS384", "RS512", "PS256"] | None,
        Meta(description="sign the access token anew: with a key that is not in the JWKS, not at all, or otherwise"),
    ] = None
    token_format: Annotated[
        Literal["opaque"] | None, Meta(description="hand out a token that is no JWT, and can only be introspected")
    ] = None
    encode: Annotated[Literal["form"] | None, Meta(description="answer form-encoded instead of JSON")] = None
    forget: Annotated[
        Literal["clients", "sessions"] | None, Meta(description="lose what registered, or who is signed in")
    ] = None
    rotate: Annotated[Literal["signing-key"] | None, Meta(description="sign with a new key from here on")] = None
    revoke: Annotated[
        Literal["refresh-tokens", "access-tokens"] | None, Meta(description="take back what was handed out")
    ] = None
    advance: Annotated[Duration | None, Meta(description="move the sandbox's clock ahead, before the answer")] = None
    change: Annotated[
        dict[str, Any] | None,
        Meta(description="settings of the world from here on, as somebody changes them meanwhile"),
    ] = None
    expire: Annotated[
        Literal["access-tokens", "refresh-tokens", "codes"] | None, Meta(description="end their lifetime now")
    ] = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps at which it acts."""
        return self.at if isinstance(self.at, tuple) else (self.at,)

    @property
    def action(self) -> str:
        """The name of its one action."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    def placed(self, values: Mapping[str, str]) -> Fault:
        """Give it with its placeholders filled in, but for those of a `change`, which are filled in when it acts."""
        expanded = msgspec.convert(expand(msgspec.to_builtins(self), values), Fault)
        return msgspec.structs.replace(expanded, change=self.change)

    def __str__(self) -> str:
        """Give the fault in a few words, for a timeline: `set authorization_servers`, `status 503 (first 2)`."""
        value = getattr(self, self.action)
        if self.action == "change":
            value = ", ".join(_leaves(value))
        elif isinstance(value, dict):
            value = ", ".join(value)
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        elif isinstance(value, Struct):
            value = getattr(value, "code", None) or getattr(value, "to", "")
        elif value is True:
            value = ""
        text = f"{self.action} {value}".strip()
        return f"{text[:60]} ({self.on})" if self.on else text[:60]


def _leaves(settings: Mapping[str, Any], start: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{start}{name}.")
        else:
            yield start + name


ACTIONS: Final[tuple[str, ...]] = tuple(
    name for name in Fault.__struct_fields__ if name not in {"at", "when", "on", "content_type"}
)
"""The names of the actions, of which a fault has exactly one."""

EFFECTS: Final = ("forget", "rotate", "revoke", "expire", "advance", "change")
"""The actions that change state instead of the answer."""


class Seen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An exchange that the trace must hold."""

    step: Annotated[Step, Meta(description="the step of the exchange")]
    status: Annotated[int | None, Meta(description="null: it was never answered")] = None
    lacks: Annotated[tuple[str, ...], Meta(description="JSON fields that the answer does not hold")] = ()


class Must(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the specification demands of a client that meets this; `expect` says what the usual ones do."""

    since: Annotated[
        Literal["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
        Meta(description="the first version of MCP that demands it"),
    ]
    connects: Annotated[bool, Meta(description="it must get past this, or, with false, must stop")]
    says: Annotated[str, Meta(description="what a client must do, after `A client must`")]
    section: Annotated[str, Meta(description="where it is written")]


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens to a client that follows the specification."""

    connects: Annotated[bool, Meta(description="the client connects all the same, perhaps with harm")] = False
    reaches: Annotated[Step | None, Meta(description="the last step that still works")] = None
    finding: Annotated[str | None, Meta(description="what the diagnosis names first")] = None
    sees: Annotated[tuple[Seen, ...], Meta(description="exchanges that show the harm")] = ()
    must: Annotated[Must | None, Meta(description="what the specification demands of the client")] = None


class Symptom(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a client prints, word for word, where it was seen."""

    client: Annotated[str, Meta(description="the client's name, such as Claude Code")]
    version: Annotated[str | None, Meta(description="the client's version, when it is known")] = None
    prints: Annotated[str, Meta(description="the words on the screen; … stands for what varies")]
    seen: Annotated[str, Meta(description="`measured` with this sandbox, or the report that quotes it")]


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A named world plus faults, with its story, cause and fix."""

    title: Annotated[str, Meta(max_length=200, description="what is wrong, in one sentence")]
    story: Annotated[str, Meta(description="what happened, for the person who has it on the screen")]
    step: Annotated[Step | None, Meta(description="where it breaks; absent when nothing does")] = None
    world: Annotated[dict[str, Any], Meta(description="what differs from the healthy world")] = field(
        default_factory=dict
    )
    faults: Annotated[tuple[Fault, ...], Meta(description="what is wrong on the wire")] = ()
    expect: Annotated[Expect, Meta(description="what happens to a client that follows the specification")]
    cause: Annotated[str | None, Meta(description="why it breaks")] = None
    fix: Annotated[str | None, Meta(description="what a person changes, and where")] = None
    fixed: Annotated[
        dict[str, Any], Meta(description="the world's settings after the fix; a fix also takes the faults away")
    ] = field(default_factory=dict)
    symptoms: Annotated[tuple[Symptom, ...], Meta(description="what clients print")] = ()
    references: Annotated[tuple[str, ...], Meta(description="RFCs, documentation, and reports of real cases")] = ()
    also_known_as: Annotated[tuple[str, ...], Meta(description="other names by which it is found")] = ()
    name: Annotated[str, Meta(description="given by the file's name, never written in it")] = ""

    def built(self) -> World:
        """Give its world."""
        return merged(World(), self.world)

    def healed(self) -> Scenario:
        """Give the scenario after its fix: no faults, and the settings of `fixed`."""
        return msgspec.structs.replace(
            self, faults=(), world=msgspec.to_builtins(merged(self.built(), self.fixed)), fixed={}
        )
