"""What can be wrong at `token`: the authorization server refuses to hand out a token for the code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sandbox.diagnosis.evidence import Document, Evidence, form_of, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.sign_ins import (
    SignIn,
    auth_method,
    client_of,
    is_public,
    names,
    registered,
    said,
    says_unknown,
    sign_ins,
)
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_REFUSED: Final = 400
_TOO_MANY: Final = 429
_CODE_LIFETIME: Final = 600.0
"""Seconds that a code may live at most (RFC 6749, section 4.1.2)."""
_METHODS: Final = "token_endpoint_auth_methods_supported"
_EXPLAINED: Final = frozenset({"invalid_client", "invalid_target", "invalid_grant"})


@rule(
    "client-secret-expired",
    step="token",
    side="client",
    title="The client's secret has run out",
    why="When the client registered, it was given a secret, and with it the moment at which the secret ends: "
    "`client_secret_expires_at`. That moment has passed, and the authorization server does not take the secret any "
    "more. Signing in again does not help, as the client goes on sending the same one. Where the moment had passed "
    "already when the secret was given, a careful client does not even try.",
    change="In the client: register again when `client_secret_expires_at` has passed, and on `invalid_client`. By "
    "hand: claude mcp logout NAME, then sign in. In the authorization server: give programs that register themselves "
    'no secret (`token_endpoint_auth_method` "none"), or one that never ends (`client_secret_expires_at` 0).',
    references=("RFC 7591 section 3.2.1", "RFC 6749 section 5.2"),
)
def client_secret_expired(seen: Evidence) -> Proof | None:
    """Look for `invalid_client` where the registered secret had ended, or for a client that stops at such a secret."""
    for one in _refused(seen, "invalid_client", "refresh"):
        registration = registered(seen, client_of(one))
        end = _end_of_secret(registration, one)
        if registration is not None and end is not None:
            happened = (
                f"{_answered(seen, one)} The client sent a secret of which {registration.exchange.url} had said "
                f"`client_secret_expires_at: {end:.0f}`, {_span(one.at - end)} before."
            )
            return Proof(happened, (registration.exchange, one))
    return _came_expired(seen)


def _came_expired(seen: Evidence) -> Proof | None:
    """See a registration with a secret that is over, and that the client then asked for no sign-in."""
    made = [one for one in seen.at("registration") if is_success(one) and seen.fields(one).get("client_id")]
    if not made or seen.after(made[-1], "authorization", "token") or not seen.had_time_after(made[-1]):
        return None
    end = _end(Document(seen.fields(made[-1]), made[-1]), made[-1])
    if end is None:
        return None
    happened = (
        f"{made[-1].method} {made[-1].url} was answered {made[-1].status} with `client_secret_expires_at: {end:.0f}`, "
        f"{_span(made[-1].at - end)} before. The client asked for no sign-in with that secret."
    )
    return Proof(happened, (made[-1],), step="registration")


@rule(
    "client-auth-mismatch",
    step="token",
    side="authorization server",
    title="The token endpoint does not take the way in which the client proves who it is",
    why="A client proves who it is by a secret in the `Authorization` header (`client_secret_basic`), by one in the "
    'form (`client_secret_post`), or not at all ("none"). Which of them, it learns from its registration and from the '
    "metadata. Here the token endpoint wants another of the three than they name, such as the secret in the header "
    "where they say the form, or the client used another than they name. Another attempt ends in the same way.",
    change="In the authorization server: name the same method in `token_endpoint_auth_method` of the registration, in "
    "`token_endpoint_auth_methods_supported` of the metadata, and take it at the token endpoint. Programs on a laptop "
    'can keep no secret: register them with `token_endpoint_auth_method` "none", and send them no `client_secret`. In '
    "the client: use the method of the registration; where the client was registered by hand with a secret, give it "
    "the secret, in Claude Code claude mcp add --client-id ID --client-secret.",
    references=("RFC 6749 section 2.3.1", "RFC 7591 section 3.2.1", "RFC 8414 section 2"),
)
def client_auth_mismatch(seen: Evidence) -> Proof | None:
    """Look for `invalid_client` where a secret was sent, or was given and not sent, and had not ended."""
    for one in _refused(seen, "invalid_client"):
        registration = registered(seen, client_of(one))
        fields = registration.fields if registration else {}
        if is_public(seen, one) or says_unknown(seen.fields(one)) or _end_of_secret(registration, one) is not None:
            continue
        facts = [_answered(seen, one), f"The client used {auth_method(one)}."]
        if registration:
            secret = "a" if fields.get("client_secret") else "no"
            method = fields.get("token_endpoint_auth_method") or "no `token_endpoint_auth_method`"
            facts.append(f"Its registration says {method}, and holds {secret} `client_secret`.")
        if methods := names(seen.server_metadata, _METHODS):
            facts.append(f"The metadata offers {', '.join(methods)}.")
        return Proof(" ".join(facts), (registration.exchange, one) if registration else (one,))
    return None


@rule(
    "client-auth-methods",
    step="registration",
    side="authorization server",
    title="The token endpoint takes clients in one way only",
    why="A client proves who it is by a secret in the `Authorization` header (`client_secret_basic`), by one in the "
    'form (`client_secret_post`), or not at all ("none"). This authorization server offers a single one of them. A '
    "client that cannot do that one, as some keep no secret and others always send one, is refused when it registers "
    "or when it fetches its token.",
    change='In the authorization server: where it is missing, add the value "none" to '
    "`token_endpoint_auth_methods_supported` (it means that the client sends no secret), as MCP clients on a laptop "
    "can keep no secret and use PKCE instead; keep the methods with a secret for programs on servers. In the client: "
    "choose from `token_endpoint_auth_methods_supported`, when registering and at the token endpoint.",
    references=("RFC 8414 section 2", "RFC 7591 section 2", "RFC 6749 section 2.3.1"),
)
def client_auth_methods(seen: Evidence) -> Proof | None:
    """Look for metadata with one method, and for a client that registered for another one, or did well with it."""
    read = [Document(seen.fields(one), one) for one in seen.at("server-metadata") if is_success(one)]
    document = next((one for one in read if names(one, _METHODS)), None)
    methods = names(document, _METHODS)
    if document is None or len(methods) != 1:
        return None
    offer = f"{document.exchange.url} offers only {methods[0]} in `{_METHODS}`."
    for one in seen.at("registration"):
        asked = _asked_method(one)
        if (one.status or 0) >= _REFUSED and asked and asked not in methods:
            refusal = f"{one.method} {one.url} asked for {asked} and was answered {one.status}."
            return Proof(f"{offer} {refusal}", (document.exchange, one))
    return Proof(offer, (document.exchange,)) if seen.got_past("token", document.exchange.number) else None


@rule(
    "invalid-target",
    step="token",
    side="configuration",
    title="The authorization server does not know the resource for which the token is asked",
    why="The client says in the parameter `resource` for which MCP server the token is. The authorization server "
    "compares it, byte for byte, with a list of its own, and it is not on it. The person has signed in already, but "
    "there is no token.",
    change="WorkOS: dashboard, Connect, Configuration, Resource Indicators: add exactly the value of `resource` in the "
    "protected-resource metadata of the MCP server, a slash at the end included. Elsewhere: register this value as a "
    "resource, an audience or an API. In the MCP server: where the value itself is wrong, mend `resource` in that "
    "metadata.",
    references=("RFC 8707 section 2", "RFC 8707 section 2.2", "RFC 9728 section 2"),
)
def invalid_target(seen: Evidence) -> Proof | None:
    """Look for `invalid_target` as the answer to a code."""
    for one in _refused(seen, "invalid_target"):
        asked = form_of(one).get("resource")
        known = seen.resource_metadata
        origin = f", as {known.exchange.url} says" if known and known.fields.get("resource") == asked else ""
        told = f"The token was asked for resource={asked}{origin}." if asked else "The request named no `resource`."
        return Proof(f"{_answered(seen, one)} {told}", (one,))
    return None


@rule(
    "code-refused",
    step="token",
    side="authorization server",
    title="The authorization server does not take its own code back",
    why="The person signed in, and the client got a code. It has to exchange it at once, one single time, with the "
    "same `redirect_uri` as before and with the secret word to which the code is bound, `code_verifier`. The "
    "authorization server says `invalid_grant`: one of these does not fit, or it has lost the code.",
    change="In the authorization server: keep `redirect_uri` and `code_challenge` with the code, exactly as they came "
    "in the authorization request, where every instance finds them, and compare with those. In the client: send "
    "`redirect_uri` as the same text twice, the `code_verifier` of this sign-in, and each code once.",
    references=("RFC 6749 section 4.1.3", "RFC 6749 section 5.2", "RFC 7636 section 4.6"),
)
def code_refused(seen: Evidence) -> Proof | None:
    """Look for `invalid_grant` as the answer to a code."""
    for one in _refused(seen, "invalid_grant"):
        code = form_of(one).get("code", "")
        sign_in = next((each for each in sign_ins(seen) if _brought(each, code)), None)
        wrong = list(_wrong(seen, one, sign_in))
        if sign_in is not None and not wrong:
            wrong = ["The code was fresh and sent once, with the `redirect_uri` of the authorization request."]
        return Proof(" ".join([_answered(seen, one), *wrong]), (one,))
    return None


@rule(
    "token-refused",
    step="token",
    side="authorization server",
    title="The token endpoint refuses",
    why="The person signed in, and the client got a code, but no token for it. The error code says what the token "
    "endpoint did not like.",
    change="Read `error` and `error_description`. In the authorization server: look into its log at the time of this "
    "exchange, and at what this client may do: `unauthorized_client` and `unsupported_grant_type` mean that the grant "
    "`authorization_code` is off for it. In the client: compare the request with the metadata.",
    references=("RFC 6749 section 5.2",),
)
def token_refused(seen: Evidence) -> Proof | None:
    """Look for an OAuth error, in JSON, that no other rule explains."""
    for one in _asked(seen):
        error = seen.fields(one).get("error")
        is_refusal = (one.status or 0) >= _REFUSED and one.status != _TOO_MANY
        if is_refusal and isinstance(error, str) and error not in _EXPLAINED:
            return Proof(_answered(seen, one), (one,))
    return None


def _asked(seen: Evidence) -> list[Exchange]:
    return [one for one in seen.at("token") if one.asker == "client"]


def _refused(seen: Evidence, error: str, *more: str) -> Iterator[Exchange]:
    """Give the token requests that were refused with an error code; `more` adds those with a refresh token."""
    for one in seen.at("token", "refresh") if more else seen.at("token"):
        if not is_success(one) and seen.fields(one).get("error") == error:
            yield one


def _answered(seen: Evidence, one: Exchange) -> str:
    return f"{one.method} {one.url} answered {one.status} with {said(seen.fields(one))}."


def _end_of_secret(registration: Document | None, one: Exchange) -> float | None:
    """Give the moment at which the secret that a request carries had ended before; None where it had not."""
    return _end(registration, one) if auth_method(one) != "none" else None


def _end(registration: Document | None, one: Exchange) -> float | None:
    """Give the moment at which a client's secret had ended before an exchange; None where it had not."""
    end = registration.fields.get("client_secret_expires_at") if registration else None
    return float(end) if isinstance(end, (int, float)) and 0 < end <= one.at else None


def _span(seconds: float) -> str:
    units = (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))
    return next((f"{seconds / size:.0f} {unit}" for unit, size in units if seconds >= 2 * size), f"{seconds:.0f} s")


def _asked_method(registration: Exchange) -> str:
    fields = as_json(registration.request_body)
    asked = fields.get("token_endpoint_auth_method") if isinstance(fields, dict) else None
    return asked if isinstance(asked, str) else ""


def _brought(sign_in: SignIn, code: str) -> bool:
    return bool(code) and sign_in.answer is not None and sign_in.answer.fields.get("code") == code


def _wrong(seen: Evidence, one: Exchange, sign_in: SignIn | None) -> Iterator[str]:
    """Say what of a request with a code does not fit the authorization request, or the rules for codes."""
    form = form_of(one)
    earlier = [each for each in seen.before(one, "token") if form_of(each).get("code") == form.get("code")]
    if earlier:
        yield f"The same code had been sent before, in exchange {earlier[0].number}, answered {earlier[0].status}."
    if sign_in is None or sign_in.answer is None:
        return
    if sign_in.asked.get("redirect_uri") != form.get("redirect_uri"):
        yield f"`redirect_uri` was {sign_in.asked.get('redirect_uri')} at first, and {form.get('redirect_uri')} now."
    verified = [held["S256"] for held in one.held.values() if "S256" in held]
    if sign_in.asked.get("code_challenge_method") == "S256" and verified not in (
        [],
        [sign_in.asked.get("code_challenge")],
    ):
        yield "The `code_verifier` is not that of the `code_challenge`."
    if (age := one.at - sign_in.answer.exchange.at) > _CODE_LIFETIME:
        yield f"The code was {_span(age)} old."
