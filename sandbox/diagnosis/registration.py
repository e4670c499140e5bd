"""What can be wrong at `registration`: no way to register, or a refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.network import is_disturbed
from sandbox.diagnosis.searches import document, documents
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_FAILURES: Final = range(500, 600)
_REFUSALS: Final = range(400, 500)
_FORBIDDEN: Final = frozenset({401, 403})
_NOT_THERE: Final = frozenset({404, 405, 410, 501})
_OFF: Final = re.compile(
    r"regist\w*[\s_-]+(is[\s_]+)?(currently[\s_]+)?(disabled|unsupported|off\b|not[\s_-]?(supported|enabled|available))"
    r"|(disabled?|unsupported)[\s_]+(dynamic[\s_]+)?(client[\s_]+)?regist",
    re.IGNORECASE,
)
_REASONS: Final = ("error", "detail", "message", "title")
_TELLING: Final = ("redirect_uris", "token_endpoint_auth_method", "scope", "grant_types", "client_name")


@rule(
    "dcr-absent",
    step="registration",
    side="configuration",
    title="The authorization server offers this client no way to register",
    why="A client has to name itself when it sends the browser to sign in, and the name is a `client_id` that the "
    "authorization server knows. This client has none, and there is nobody to ask for one: the metadata names no "
    "`registration_endpoint`. The other way, to give the address of a document about the client as its id, needs a "
    "server that says so and a client that has such a document. Some clients then try the usual address /register and "
    "report the 404 of that.",
    change="WorkOS dashboard, Connect, Configuration: turn on Dynamic Client Registration, and Client ID Metadata "
    "Document as well if it is there. If it is on already, a proxy in front may hide it: AuthKit names the endpoint "
    "only in /.well-known/oauth-authorization-server, not in /.well-known/openid-configuration, so let both through. "
    "Elsewhere: publish `registration_endpoint`, or `client_id_metadata_document_supported: true`. Or register the "
    "client by hand and give it the id: claude mcp add --client-id ID --callback-port PORT.",
    references=(
        "RFC 7591 section 3",
        "RFC 8414 section 2",
        "MCP 2025-11-25 authorization, client registration approaches",
    ),
)
def dcr_absent(seen: Evidence) -> Proof | None:
    """Look for metadata without a place to register, and a client that then stops or guesses one."""
    found = document(seen)
    if found is None or "registration_endpoint" in found.fields:
        return None
    tries = [one for one in seen.at("registration") if one.asker == "client"]
    if seen.at("authorization", "token", "refresh") or any(is_success(one) for one in tries):
        return None
    if not tries and not seen.had_time_after(found.exchange):
        return None
    takes = found.fields.get("client_id_metadata_document_supported") is True
    without = (
        "and offers only client ID metadata documents, which this client did not bring"
        if takes
        else "and without `client_id_metadata_document_supported: true`"
    )
    tried = f" Then the client tried {_told(tries[-1])}." if tries else " The client asked for no sign-in."
    return Proof(
        f"GET {found.exchange.url} was answered without `registration_endpoint`, {without}.{tried}",
        (found.exchange, *tries[-1:]),
    )


@rule(
    "dcr-disabled",
    step="registration",
    side="configuration",
    title="Registration is offered in the metadata, and switched off",
    why="The metadata names a `registration_endpoint`, so the client asks there, as it should. The endpoint answers "
    "that registration is off, or is not there at all. The client has no `client_id` and cannot go on; it reports the "
    "answer as if it had asked for something wrong.",
    change="WorkOS dashboard, Connect, Configuration: turn on Dynamic Client Registration. Elsewhere: switch "
    "registration on, or take `registration_endpoint` out of the metadata, so that clients do not ask there. Or "
    "register the client by hand and give it the id: claude mcp add --client-id ID --callback-port PORT.",
    references=("RFC 7591 section 3", "RFC 8414 section 2"),
)
def dcr_disabled(seen: Evidence) -> Proof | None:
    """Look for an advertised endpoint that says that registration is off, or is not there."""
    return _refusal(seen, _is_off)


@rule(
    "dcr-client-refused",
    step="registration",
    side="authorization server",
    title="The authorization server lets only certain clients register",
    why="Status 401 or 403 says that this client may not register, whatever it asks for. Servers decide that by the "
    "client's name, by the address it comes from, or by a token that has to be fetched first; the answer often does "
    "not say which. So one client connects and another does not. Where the answer is not JSON with `error` and "
    "`error_description`, clients report that it cannot be read, and the reason is lost.",
    change="In the authorization server: allow the client, by its `client_name` or by the address that it comes from. "
    "Keycloak: Clients, Client registration, Anonymous access policies: remove Trusted Hosts or list the hosts. Answer "
    'with 400 and `{"error": "invalid_client_metadata", "error_description": "…"}` that says what is missing. Or '
    "register the client by hand and give it the id: claude mcp add --client-id ID --callback-port PORT.",
    references=("RFC 7591 section 3.2.2", "RFC 7591 section 3"),
)
def dcr_client_refused(seen: Evidence) -> Proof | None:
    """Look for 401 or 403 at the registration endpoint."""
    return _refusal(seen, lambda one: one.status in _FORBIDDEN and not _is_off(one))


@rule(
    "dcr-rejected",
    step="registration",
    side="authorization server",
    title="The authorization server refuses what the client registers",
    why="The client describes itself: the addresses to which the browser may come back, how it will prove itself at "
    "the token endpoint, and the scopes that it will ask for. The authorization server refuses one of these, and with "
    "it the whole registration. The client has no `client_id` and cannot go on. Another client that describes itself "
    "differently connects to the same server.",
    change="In the authorization server, by the error. For `invalid_redirect_uri`: accept http://localhost and "
    "http://127.0.0.1 with any port, and schemes of an app's own, such as cursor://, exactly as registered. For "
    "`invalid_client_metadata`: register what `token_endpoint_auth_methods_supported` and `scopes_supported` of the "
    "metadata promise, or promise only what is registered; where the client leaves something open, choose and say so "
    "in the answer; drop scopes that are not granted instead of refusing. In the MCP server: list in "
    "`scopes_supported` only what the authorization server grants. In the client: send `token_endpoint_auth_method` "
    '"none" when it keeps no secret. Or register the client by hand and give it the id: claude mcp add --client-id ID '
    "--callback-port PORT.",
    references=("RFC 7591 section 3.2.2", "RFC 7591 section 2", "RFC 8252 section 7"),
)
def dcr_rejected(seen: Evidence) -> Proof | None:
    """Look for another refusal of the registration endpoint, and tell what was sent."""
    return _refusal(
        seen,
        lambda one: (
            one.status in _REFUSALS
            and one.status not in _FORBIDDEN
            and not _is_off(one)
            and not _asks_for_another_method(seen, one)
        ),
    )


@rule(
    "dcr-unavailable",
    step="registration",
    side="authorization server",
    title="The registration endpoint is down",
    why="A status of 500 or more says that something behind the address has failed, and nothing about the client. A "
    "gateway often answers in its place with a page, and clients then report that the answer cannot be read: "
    "unexpected token '<' is the first character of that page and has nothing to do with tokens of a sign-in.",
    change="Wait a little and connect again. If it stays: look at what runs behind the registration endpoint, its log "
    "has the reason. Let the gateway pass the addresses of OAuth on without replacing the bodies of errors. A client "
    "that already has a `client_id` does not need the endpoint: keep it between runs.",
    references=("RFC 9110 section 15.6", "RFC 7591 section 3.2.2"),
)
def dcr_unavailable(seen: Evidence) -> Proof | None:
    """Look for a failure of the server at the registration endpoint."""
    return _refusal(seen, lambda one: one.status in _FAILURES and one.status not in _NOT_THERE)


def registrations(seen: Evidence) -> list[Exchange]:
    """Give the registrations at an endpoint that the metadata names."""
    endpoints = [one.fields.get("registration_endpoint") for one in documents(seen)]
    return [one for one in seen.at("registration") if one.method == "POST" and one.url in endpoints]


def sent(exchange: Exchange) -> dict[str, Any]:
    """Give the client metadata that a registration asked for."""
    asked = as_json(exchange.request_body)
    return asked if isinstance(asked, dict) else {}


def _is_off(exchange: Exchange) -> bool:
    if exchange.status in _NOT_THERE:
        return True
    return exchange.status in _REFUSALS and _OFF.search(exchange.response_body) is not None


def _asks_for_another_method(seen: Evidence, exchange: Exchange) -> bool:
    """Say whether one way to authenticate is offered and the client asked for another, which is its own finding."""
    found, asked = document(seen), sent(exchange).get("token_endpoint_auth_method")
    offered = found.fields.get("token_endpoint_auth_methods_supported") if found else None
    return isinstance(offered, list) and len(offered) == 1 and asked is not None and asked not in offered


def _refusal(seen: Evidence, is_it: Callable[[Exchange], bool]) -> Proof | None:
    """Tell of the last registration that was refused in a certain way."""
    asked = [one for one in registrations(seen) if not is_disturbed(one)]
    refused = [one for one in asked if is_it(one)]
    if not refused:
        return None
    last = refused[-1]
    went_on = any(is_success(one) for one in asked if one.number > last.number) or bool(
        seen.after(last, "authorization")
    )
    return Proof(f"The client asked with {_told(last)}. {_what_was_sent(last)}", (last,), went_on=went_on)


def _told(exchange: Exchange) -> str:
    said = as_json(exchange.response_body)
    words = said if isinstance(said, dict) else {}
    error = next((f": {words[key]}" for key in _REASONS if _is_text(words.get(key))), "")
    description = words.get("error_description")
    reason = f"{error}, {description}" if _is_text(description) else error
    if not reason and (body := " ".join(exchange.response_body.split())[:80]):
        reason = f": {body}"
    return f"{exchange.method} {exchange.url}, and was answered {exchange.status}{reason.rstrip('.')}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _what_was_sent(exchange: Exchange) -> str:
    asked = sent(exchange)
    shown = [f"{name}: {json.dumps(asked[name])}" for name in _TELLING if name in asked]
    left_open = "" if "token_endpoint_auth_method" in asked else " It left `token_endpoint_auth_method` open."
    return f"It sent {', '.join(shown)}.{left_open}" if shown else "It sent no client metadata that can be read."
