"""What can be wrong at `session` with what the access token says."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.access_tokens import (
    Use,
    ahead,
    audiences,
    came_expired,
    is_for_another,
    names_of_service,
    refused_at_once,
    time_of,
    uses,
)
from sandbox.diagnosis.evidence import Evidence, is_success, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.wire.exchange import Exchange

_UNAUTHORIZED: Final = 401


def refused(seen: Evidence) -> list[Use]:
    """Give the uses of tokens that never opened anything, answered 401."""
    return refused_at_once(seen, _UNAUTHORIZED)


def proof(use: Use, happened: str, *more: Exchange | None) -> Proof:
    """Make a proof at the step of the request that was refused, with the answer that brought the token."""
    issued = (use.issued,) if use.issued else ()
    exchanges = {one.number: one for one in (*issued, use.exchange, *more) if one is not None}
    return Proof(happened, tuple(exchanges[number] for number in sorted(exchanges)), step=use.exchange.step)


def asked(use: Use) -> str:
    """Say what was asked with a token, and what came."""
    what = " and ".join(use.exchange.mcp_methods) or f"{use.exchange.method} {use.exchange.url}"
    return f"{what} with a new token got {use.exchange.status}"


@rule(
    "token-expired",
    step="session",
    side="authorization server",
    title="The token has expired before it is used",
    why="An access token says until when it is good, in `exp`. This one was over at the moment it was issued, so every "
    "server must refuse it. Signing in again brings another one of the same kind.",
    change="In the authorization server: set the clock of its machine (NTP), and let nothing between it and the client "
    "cache the answers of the token endpoint; they carry `Cache-Control: no-store`. In the MCP server: thirty to sixty "
    "seconds of tolerance for the rest.",
    references=("RFC 7519 section 4.1.4", "RFC 6749 section 5.1"),
)
def token_expired(seen: Evidence) -> Proof | None:
    """Look for a refused token whose `exp` lies before the answer that brought it."""
    for use in refused(seen):
        if came_expired(use) and use.issued is not None:
            late = use.issued.at - (time_of(use.claims, "exp") or 0.0)
            return proof(use, f"{asked(use)}. Its `exp` lies {late:.0f} s before the answer that brought it.")
    return None


@rule(
    "token-not-yet-valid",
    step="session",
    side="server",
    title="The token is not good yet",
    why="The token says when it was issued, and at the MCP server that moment has not come: its clock is behind that "
    "of the authorization server, and it allows no tolerance. It refuses the token now, and would take it a little "
    "later, so the failure comes and goes.",
    change="In the MCP server: allow 30 to 60 seconds when `nbf`, `iat` and `exp` are checked; libraries call it "
    "leeway or clock tolerance. On both machines: keep the clocks set (NTP).",
    references=("RFC 7519 section 4.1.5", "RFC 7519 section 4.1.6"),
)
def token_not_yet_valid(seen: Evidence) -> Proof | None:
    """Look for a refused token whose `iat` or `nbf` lies after the refusal."""
    for use in refused(seen):
        if seconds := ahead(use):
            which = "nbf" if (time_of(use.claims, "nbf") or 0) > (time_of(use.claims, "iat") or 0) else "iat"
            return proof(use, f"{asked(use)}. Its `{which}` lies {seconds:.0f} s after that answer.")
    return None


@rule(
    "audience-missing",
    step="session",
    side="authorization server",
    title="The token does not say whom it is for",
    why="The field `aud` of a token names the server that it is meant for. This token has none, and the MCP server "
    "accepts only tokens with its own URL in it, rightly: a token for nobody in particular would open every server. "
    "The client cannot add the field.",
    change="In WorkOS: let the client sign in at /oauth2/authorize of the AuthKit domain, with `resource`, and list "
    "the URL of the MCP server in the dashboard, Connect, Configuration, Resource Indicators. Tokens of user sessions "
    "have no `aud` and are not for MCP servers. Elsewhere: let the authorization server put the requested `resource` "
    "into `aud`. In the MCP server: leave the check in.",
    references=("RFC 7519 section 4.1.3", "RFC 9068 section 4", "RFC 8707 section 2"),
)
def audience_missing(seen: Evidence) -> Proof | None:
    """Look for a refused JWT without `aud`."""
    for use in refused(seen):
        if use.claims and not audiences(use):
            said = ", ".join(sorted(use.claims))
            return proof(use, f"{asked(use)}. The token has no `aud`; it says {said}.")
    return None


@rule(
    "wrong-audience",
    step="session",
    side="configuration",
    title="The token is for somebody else",
    why="The field `aud` of a token names the server that it is meant for, and here it names another. The MCP server "
    "is right to refuse it: otherwise whoever runs one server could act as its users at all the others.",
    change="In WorkOS: dashboard, Connect, Configuration, Resource Indicators: add the `resource` of the MCP server's "
    "metadata, letter by letter, such as https://your-host/mcp. While the list is empty, `aud` is the environment's "
    "client id. In the client: send that `resource` with the authorization and the token request, and never pass a "
    "token of one server on to another. In the MCP server: keep the check.",
    references=("RFC 8707 section 2", "RFC 9068 section 4", "MCP 2025-11-25 authorization, token audience binding"),
)
def wrong_audience(seen: Evidence) -> Proof | None:
    """Look for a refused token whose `aud` is neither the resource of the metadata nor the URL that was asked."""
    for use in refused(seen):
        if is_for_another(seen, use):
            wanted = names_of_service(seen, use)[0]
            return proof(use, f"{asked(use)}. Its `aud` is {', '.join(audiences(use))}, the server is {wanted}.")
    return None


@rule(
    "audience-not-checked",
    step="session",
    side="server",
    title="The MCP server takes a token that is for somebody else",
    why="Everything works, and that is what is wrong. The field `aud` of the token names another server, or nobody, "
    "and the MCP server does not look at it. Whoever runs another server behind the same authorization server can use "
    "the tokens that people show there to act as these people here.",
    change="In the MCP server: refuse with 401 every token whose `aud` does not hold the server's own URL. In WorkOS: "
    "dashboard, Connect, Configuration, Resource Indicators: list that URL, so that tokens have it.",
    references=("MCP 2025-11-25 authorization, token audience binding", "RFC 8707 section 2", "RFC 9068 section 4"),
    risky=True,
)
def audience_not_checked(seen: Evidence) -> Proof | None:
    """Look for a request whose token names another server, answered by a server that asks for tokens."""
    if not any(one.status == _UNAUTHORIZED for one, _ in seen.refusals):
        return None
    for use in uses(seen):
        if is_success(use.exchange) and use.claims and (_names_another(seen, use) or not audiences(use)):
            whom = f"is {', '.join(audiences(use))}" if audiences(use) else "is missing"
            wanted = names_of_service(seen, use)[0]
            what = " and ".join(use.exchange.mcp_methods) or use.exchange.method
            happened = f"{what} was answered {use.exchange.status}. The token's `aud` {whom}; the server is {wanted}."
            return proof(use, happened)
    return None


def _names_another(seen: Evidence, use: Use) -> bool:
    """Say whether a token is for other hosts alone; what is no URL may be a name that this server was given."""
    here = {origin(name) for name in names_of_service(seen, use)}
    return is_for_another(seen, use) and all(origin(one) and origin(one) not in here for one in audiences(use))


@rule(
    "opaque-token",
    step="session",
    side="configuration",
    title="The access token is opaque, and the MCP server wants one that it can read",
    why="The token is a random text that says nothing by itself. Only the authorization server knows what it stands "
    "for, and the MCP server did not ask there. It expects a JWT, a token with signed fields, and refuses the rest.",
    change="In the authorization server: issue JWTs for this `resource`; some issue them only when `resource` or an "
    "audience is asked for. Or in the MCP server: ask the introspection endpoint about each token, for WorkOS POST "
    "/oauth2/introspection of the AuthKit domain, and remember the answer for a while.",
    references=("RFC 9068 section 2", "RFC 7662 section 2"),
)
def opaque_token(seen: Evidence) -> Proof | None:
    """Look for a refused token that is no JWT, where nobody asked the authorization server about it."""
    for use in refused(seen):
        if use.issued and use.token not in use.exchange.held and not seen.at("introspection", "userinfo"):
            happened = f"{asked(use)}. The token is no JWT, and the server asked nobody what it stands for."
            return proof(use, happened)
    return None
