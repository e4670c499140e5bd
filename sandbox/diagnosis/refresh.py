"""What can be wrong at `refresh`: no refresh token, one that is not used, and one that is refused."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.access_tokens import Use, accepted, fingerprint_of, has_expired, time_of, uses
from sandbox.diagnosis.evidence import Evidence, form_of, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.sign_ins import auth_method, client_of, says_unknown
from sandbox.diagnosis.token import client_secret_expired
from sandbox.wire.exchange import Exchange

_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_SPECIFIC: Final = frozenset(
    {"invalid_grant", "invalid_client", "invalid_target", "invalid_scope", "unsupported_grant_type", "slow_down"}
)
"""Error codes that say what they mean, or belong to another rule."""


def _error(seen: Evidence, exchange: Exchange) -> str:
    error = seen.fields(exchange).get("error")
    return error if isinstance(error, str) else ""


def _refusals(seen: Evidence) -> list[Exchange]:
    """Give the refreshes that were refused as a client's mistake, the latest first.

    A client whose access token is still good goes on after the first ones; the last one tells whether it got past.
    """
    asked = reversed(seen.at("refresh"))
    return [one for one in asked if one.status is not None and 400 <= one.status < _SERVER_ERROR]  # noqa: PLR2004


def _told(seen: Evidence, exchange: Exchange) -> str:
    said = seen.fields(exchange).get("error_description")
    text = f" ({said})" if isinstance(said, str) and said else ""
    return f"The refresh at {exchange.url} got {exchange.status} {_error(seen, exchange)}{text}"


# --- there is none, or it is not used -------------------------------------------------------------------------------


@rule(
    "refresh-token-missing",
    step="refresh",
    side="authorization server",
    title="There is no refresh token",
    why="An access token is good for a short time. A refresh token buys the next one without anybody's help. Without "
    "it the person must sign in again each time the access token runs out.",
    change="In the authorization server: allow the grant `refresh_token` and the scope `offline_access` to clients "
    "that register themselves, and list `offline_access` in `scopes_supported` of its metadata, so that clients ask "
    "for it. Or let access tokens live as long as a working day. In the client: ask for `offline_access` where it is "
    "listed.",
    references=("RFC 6749 section 1.5", "RFC 6749 section 5.1", "OpenID Connect Core section 11"),
)
def refresh_token_missing(seen: Evidence) -> Proof | None:
    """Look for a token that works, and came without a refresh token."""
    working = accepted(seen)
    for one in seen.at("token"):
        fields = seen.fields(one)
        token = fields.get("access_token")
        if not is_success(one) or token is None or fields.get("refresh_token") or fingerprint_of(token) not in working:
            continue
        requests = [earlier for earlier in seen.authorizations if earlier.number < one.number]
        scopes = form_of(requests[-1]).get("scope", "") if requests else ""
        asked = "the client had asked" if "offline_access" in scopes.split() else "the client had not asked"
        listed = seen.server_metadata.fields.get("scopes_supported") if seen.server_metadata else None
        offer = "lists it" if isinstance(listed, list) and "offline_access" in listed else "does not list it"
        lifetime = fields.get("expires_in")
        ends = f" The access token is good for {lifetime} s." if lifetime else ""
        happened = f"The answer of {one.url} holds no `refresh_token`; {asked} for the scope `offline_access`, and the "
        ran_out = [later for later in seen.after(one, "session", "messages") if later.status == _UNAUTHORIZED][-1:]
        told = f"{happened}authorization server's metadata {offer}.{ends}"
        return Proof(told, (one, *ran_out), went_on=not ran_out)
    return None


@rule(
    "refresh-not-attempted",
    step="refresh",
    side="client",
    title="The token runs out, and the client does not fetch the next one",
    why="Access tokens are short-lived on purpose, and 401 says that one is over. The client holds a refresh token, "
    "which buys a new access token without anybody's help, and does not use it. It asks for a sign-in instead, or "
    "gives up.",
    change="In the client: on 401, first POST to the token endpoint with `grant_type=refresh_token`, and sign in anew "
    "only when that is refused. Until it does: sign in by hand (`/mcp` in Claude Code). In the authorization server: "
    "let access tokens live longer.",
    references=("RFC 6749 section 1.5", "RFC 6749 section 6", "RFC 6750 section 3.1"),
)
def refresh_not_attempted(seen: Evidence) -> Proof | None:
    """Look for a 401 to a token that had worked and has run out, and a client that has a refresh token and signs in."""
    worked: set[str] = set()
    for use in uses(seen):
        one = use.exchange
        if is_success(one):
            worked.add(use.token)
        if one.status != _UNAUTHORIZED or one.method != "POST" or use.token not in worked:
            continue
        held = _refresh_token_before(seen, one)
        if held and _is_over(seen, use) and (then := _instead(seen, one)):
            expires = time_of(use.claims, "exp")
            late = f", {use.answered_at - expires:.0f} s after its end" if expires and has_expired(use) else ""
            what = " and ".join(one.mcp_methods)
            happened = (
                f"{what} got 401{late}. The client held a refresh token since exchange {held.number}, and {then}."
            )
            return Proof(happened, (held, one))
    return None


def _refresh_token_before(seen: Evidence, exchange: Exchange) -> Exchange | None:
    """Give the last answer that brought a refresh token."""
    answers = [one for one in seen.before(exchange, "token", "refresh") if seen.fields(one).get("refresh_token")]
    return answers[-1] if answers else None


def _is_over(seen: Evidence, use: Use) -> bool:
    """Say whether the token had run out, as far as is known, by the time that the client went on."""
    expires = time_of(use.claims, "exp")
    later = seen.after(use.exchange)
    return expires is None or expires <= max(use.answered_at, later[0].at if later else 0.0)


def _instead(seen: Evidence, refused: Exchange) -> str:
    """Say what the client did instead of refreshing; nothing when it refreshed, or may yet."""
    for later in seen.after(refused, "refresh", "authorization", "token"):
        return "" if later.step == "refresh" else "began a new sign-in"
    later_tokens = [use for use in uses(seen) if use.exchange.number > refused.number]
    return "" if later_tokens or not seen.had_time_after(refused) else "did nothing"


# --- it is refused --------------------------------------------------------------------------------------------------


@rule(
    "refresh-race",
    step="refresh",
    side="client",
    title="The same refresh token is used twice, and the second use loses",
    why="A refresh token is good for one use: each answer brings the next one. Two windows or processes share it, both "
    "use it, and the second is taken for a thief. The authorization server then cancels everything that came from this "
    "sign-in, and both have to sign in again.",
    change="In the client: one lock for all processes, and after waiting for it read the stored tokens again. In the "
    "authorization server: for 30 to 60 seconds, answer a token that was just replaced with the same new access and "
    "refresh token once more; WorkOS does. As a user: sign in again, and use one window until it is mended.",
    references=("RFC 6749 section 6", "RFC 9700 section 4.14.2"),
)
def refresh_race(seen: Evidence) -> Proof | None:
    """Look for a refresh that was refused with a refresh token that another one had been answered for."""
    return next((proof for one in _refusals(seen) if (proof := _race(seen, one))), None)


def _race(seen: Evidence, refused: Exchange) -> Proof | None:
    token = form_of(refused).get("refresh_token")
    for earlier in seen.before(refused, "refresh"):
        replaced = seen.fields(earlier).get("refresh_token")
        if (
            token
            and form_of(earlier).get("refresh_token") == token
            and is_success(earlier)
            and replaced not in {None, token}
        ):
            seconds = refused.at - earlier.at
            happened = (
                f"{token} was answered with a new one, and {seconds:.0f} s later used again. {_told(seen, refused)}."
            )
            return Proof(happened, (earlier, refused))
    return None


@rule(
    "refresh-refused",
    step="refresh",
    side="authorization server",
    title="The refresh token is refused",
    why="The authorization server says that the refresh token is no longer good: it has expired, the session behind it "
    "was ended, or another process used it first. The client must ask the person to sign in again. If that happens at "
    "each refresh, the sign-in never lasts.",
    change="In the authorization server: look up why the session ended, and how long refresh tokens live (WorkOS "
    "dashboard, Authentication, Sessions). In the client: let one process refresh at a time, and save the new refresh "
    "token before anything else.",
    references=("RFC 6749 section 5.2", "RFC 6749 section 6"),
)
def refresh_refused(seen: Evidence) -> Proof | None:
    """Look for `invalid_grant`, unless the token was used twice."""
    if refresh_race(seen):
        return None
    for one in _refusals(seen):
        if _error(seen, one) == "invalid_grant":
            return Proof(f"{_told(seen, one)}.", (one,))
    return None


@rule(
    "client-forgotten",
    step="refresh",
    side="authorization server",
    title="The authorization server no longer knows the client",
    why="The client registered once, and keeps its `client_id`. The authorization server has deleted it since. A "
    "client that drops its tokens now and keeps the dead `client_id` cannot sign in either: each attempt ends at an "
    "error page.",
    change="In the client: on `invalid_client` forget the `client_id` as well, and register once more. By hand: claude "
    "mcp logout NAME, then sign in again. In the authorization server: do not delete clients that hold a refresh "
    "token.",
    references=("RFC 6749 section 5.2", "RFC 7591 section 3.2.1"),
)
def client_forgotten(seen: Evidence) -> Proof | None:
    """Look for `invalid_client` to a client without a secret that could be wrong, or whose secret was right before."""
    for one in _refusals(seen):
        if _error(seen, one) != "invalid_client" or client_secret_expired(seen) is not None:
            continue
        if auth_method(one) == "none" or says_unknown(seen.fields(one)) or _was_known(seen, one):
            return Proof(f"{_told(seen, one)}, for `client_id` {client_of(one)}.", (one,))
    return None


def _was_known(seen: Evidence, refused: Exchange) -> bool:
    """Say whether the client had proved who it is before, in the same way."""
    return any(
        is_success(one) and client_of(one) == client_of(refused) and auth_method(one) == auth_method(refused)
        for one in seen.before(refused, "token", "refresh")
    )


@rule(
    "refresh-wrong-error",
    step="refresh",
    side="authorization server",
    title="A dead refresh token is refused in the wrong words",
    why="A client reads the error code to learn what to do next. `invalid_grant` says that the refresh token is over: "
    "forget it and sign in anew. Other codes blame the request or the client itself. So some clients send the same "
    "dead token again for ever, and some throw their registration away.",
    change="In the authorization server: answer a refresh token that is unknown, expired or revoked with 400 and "
    '`{"error": "invalid_grant"}`. Keep `invalid_client` for clients that it does not know. In the client: sign in '
    "anew after any refusal that a second attempt does not change.",
    references=("RFC 6749 section 5.2",),
)
def refresh_wrong_error(seen: Evidence) -> Proof | None:
    """Look for a whole refresh request, refused with a code that does not speak of the refresh token."""
    for one in _refusals(seen):
        fields = form_of(one)
        whole = fields.get("refresh_token") and (fields.get("client_id") or one.request_header("authorization"))
        if whole and one.status != _TOO_MANY and _error(seen, one) not in {*_SPECIFIC, ""}:
            return Proof(f"{_told(seen, one)}, where `invalid_grant` belongs.", (one,))
    return None


@rule(
    "invalid-target-at-refresh",
    step="refresh",
    side="authorization server",
    title="The authorization server refuses the resource at refresh",
    why="`resource` says for which server a token is meant. MCP clients send it with the sign-in and with every token "
    "request. At sign-in it was welcome. At refresh the authorization server refuses it, or misses it, and the person "
    "must sign in again each time the access token runs out.",
    change="In the authorization server: accept at refresh the `resource` that was granted at sign-in, and keep to it "
    "when it is not sent. In the client: send the same `resource` with authorization, token and refresh.",
    references=("RFC 8707 section 2.2", "MCP 2025-11-25 authorization, resource parameter implementation"),
)
def invalid_target_at_refresh(seen: Evidence) -> Proof | None:
    """Look for `invalid_target`."""
    for one in _refusals(seen):
        if _error(seen, one) == "invalid_target":
            resource = form_of(one).get("resource")
            earlier = [form_of(request).get("resource") for request in seen.before(one, "authorization", "token")]
            before = next((name for name in reversed(earlier) if name), None)
            sent = f"The client sent `resource` {resource}" if resource else "The client sent no `resource`"
            sent += f", and at sign-in {before}" if before and before != resource else ""
            return Proof(f"{_told(seen, one)}. {sent}.", (one,))
    return None


@rule(
    "refresh-server-error",
    step="refresh",
    side="authorization server",
    title="The token endpoint fails for a moment, just at the refresh",
    why="A server error says nothing about the refresh token, which is as good as before. A client that treats every "
    "failed refresh alike throws its tokens away, and the person must sign in again.",
    change="In the client: after a 5xx or a lost connection keep the tokens and try again, a few times and with "
    "pauses. Drop them only on `invalid_grant` or `invalid_client`. In the authorization server: deploy without a gap.",
    references=("RFC 6749 section 5.2", "RFC 9110 section 15.6"),
)
def refresh_server_error(seen: Evidence) -> Proof | None:
    """Look for a refresh that got a server error."""
    for one in reversed(seen.at("refresh")):
        if one.status is not None and one.status >= _SERVER_ERROR:
            return Proof(f"The refresh at {one.url} got {one.status}.", (one,))
    return None
