"""What can be wrong at `token`: the answer says 200, and is not what a client expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.sign_ins import said
from sandbox.wire.exchange import Exchange


@rule(
    "token-error-in-200",
    step="token",
    side="authorization server",
    title="The token endpoint refuses, and answers with a status of success",
    why="A client tells by the status whether it got a token or an error. With 200 it takes the error for a token, "
    "finds no `access_token` in it, and complains of that. The true reason is never shown.",
    change="In the authorization server: answer a refusal with 400 and the error code of the standard, such as "
    "`invalid_grant`; with 401 when the client itself is refused. In the client: look for `error` before anything "
    "else, whatever the status is, and take an answer without `access_token` for a refusal.",
    references=("RFC 6749 section 5.2",),
)
def token_error_in_200(seen: Evidence) -> Proof | None:
    """Look for `error` and no `access_token` in a successful answer to a code."""
    for one in seen.at("token"):
        fields = seen.fields(one)
        if is_success(one) and fields.get("error") and "access_token" not in fields:
            return Proof(f"{one.method} {one.url} answered {one.status} with {said(fields)}.", (one,))
    return None


@rule(
    "token-form-encoded",
    step="token",
    side="authorization server",
    title="The token arrives as a form, and not as JSON",
    why="The answer holds the token, written as a web form: `access_token=…&token_type=…`. OAuth wants a JSON object "
    "here. A client that reads nothing else stops at the first letter.",
    change="In the authorization server: answer the token endpoint with application/json, whatever the `Accept` header "
    "of the request says. In the client: send `Accept: application/json` with the request, and read the answer by its "
    "`Content-Type`.",
    references=("RFC 6749 section 5.1",),
)
def token_form_encoded(seen: Evidence) -> Proof | None:
    """Look for a successful answer that is a form with `access_token`."""
    for one in seen.at("token", "refresh"):
        if is_success(one) and seen.json(one) is None and "access_token" in parse_qs(one.response_body.strip()):
            kind = one.response_header("content-type") or "no `Content-Type`"
            return Proof(f"{one.method} {one.url} answered {one.status} with a token, as {kind}.", (one,))
    return None


@rule(
    "token-type-missing",
    step="token",
    side="authorization server",
    title="The answer does not say what kind of token it is",
    why="`token_type` is one of the two members that every token answer has to have; the other is `access_token`. "
    "Clients that check the answer refuse it, others assume Bearer and go on.",
    change='In the authorization server: add `"token_type": "Bearer"` to every answer of the token endpoint. In the '
    "client: assume Bearer where it is missing.",
    references=("RFC 6749 section 5.1",),
)
def token_type_missing(seen: Evidence) -> Proof | None:
    """Look for a token without `token_type`."""
    for one, fields in _granted(seen):
        if not fields.get("token_type"):
            return Proof(f"{one.method} {one.url} answered {one.status} with {_members(fields)}.", (one,))
    return None


@rule(
    "token-type-lowercase",
    step="token",
    side="authorization server",
    title="The kind of the token is not written as Bearer",
    why="Upper and lower case do not matter in `token_type`, so this is right. But some clients copy the word into the "
    "`Authorization` header, and some servers know only the spelling Bearer: where the two meet, the token is refused.",
    change='In the authorization server: send `"token_type": "Bearer"`. In the MCP server: compare the scheme of the '
    "`Authorization` header without regard to case. In the client: always send Bearer.",
    references=("RFC 6749 section 5.1", "RFC 9110 section 11.1"),
)
def token_type_lowercase(seen: Evidence) -> Proof | None:
    """Look for a `token_type` that is Bearer in another spelling."""
    for one, fields in _granted(seen):
        kind = fields.get("token_type")
        if isinstance(kind, str) and kind != "Bearer" and kind.lower() == "bearer":
            return Proof(f'{one.method} {one.url} answered with "token_type": "{kind}".', (one,))
    return None


@rule(
    "token-expires-in-text",
    step="token",
    side="authorization server",
    title="The lifetime of the token is a text instead of a number",
    why="`expires_in` is a number in the standard. Most clients read the digits all the same; one that checks types "
    "throws the whole answer away, with a token that is good.",
    change="In the authorization server: write `expires_in` without quotes. In the client: turn a text of digits into "
    "a number.",
    references=("RFC 6749 section 5.1",),
)
def token_expires_in_text(seen: Evidence) -> Proof | None:
    """Look for a token whose `expires_in` is a text."""
    for one, fields in _granted(seen):
        if isinstance(fields.get("expires_in"), str):
            return Proof(f'{one.method} {one.url} answered with "expires_in": "{fields["expires_in"]}".', (one,))
    return None


@rule(
    "token-expiry-zero",
    step="token",
    side="authorization server",
    title="The token is said to last no time at all",
    why="`expires_in` counts the seconds from now on. A client that believes the zero takes the token for one that is "
    "over: it renews it before every request, or opens the browser again. Another takes zero to mean for ever.",
    change="In the authorization server: put the true lifetime into `expires_in`, the same that `exp` of the token "
    "gives; for a token that does not end, leave the member out. In the client: where a new token is over at once, use "
    "it until a request is answered 401.",
    references=("RFC 6749 section 5.1",),
)
def token_expiry_zero(seen: Evidence) -> Proof | None:
    """Look for a token whose `expires_in` is zero or less."""
    for one, fields in _granted(seen):
        seconds = _number(fields.get("expires_in"))
        if seconds is not None and seconds <= 0:
            times = len(seen.after(one, "token", "refresh"))
            again = f" The client asked for another token {times} times." if times > 1 else ""
            return Proof(f'{one.method} {one.url} answered with "expires_in": {seconds:g}.{again}', (one,))
    return None


@rule(
    "token-expiry-missing",
    step="token",
    side="authorization server",
    title="Nobody says how long the token lasts",
    why="Without `expires_in` a client cannot know when to renew the token. It takes it for one that lasts for ever, "
    "or guesses, and a call is refused when the token is over.",
    change="In the authorization server: send `expires_in` with every token, in seconds. In the client: renew the "
    "token when a request is answered 401, whatever the clock says.",
    references=("RFC 6749 section 5.1",),
)
def token_expiry_missing(seen: Evidence) -> Proof | None:
    """Look for a token without `expires_in` that the client used."""
    for one, fields in _granted(seen):
        if fields.get("expires_in") is None and seen.got_past("token", one.number):
            return Proof(f"{one.method} {one.url} answered {one.status} with {_members(fields)}.", (one,))
    return None


def _granted(seen: Evidence) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Give the answers with a token that a client could have stumbled over: it went on well, or stopped at once."""
    for one in seen.at("token", "refresh"):
        fields = seen.fields(one)
        is_grant = is_success(one) and one.ended == "answered" and "access_token" in fields
        if is_grant and (seen.got_past("token", one.number) or not _was_used(seen, one)):
            yield one, fields


def _was_used(seen: Evidence, token: Exchange) -> bool:
    return not seen.had_time_after(token) or any(
        one.asker == "client" and one.request_header("authorization") is not None
        for one in seen.after(token, "session", "messages", "challenge")
    )


def _members(fields: dict[str, Any]) -> str:
    return f"the members {', '.join(fields)}"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
