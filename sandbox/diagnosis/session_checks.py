"""What can be wrong at `session` with how the MCP server checks the access token."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final

from sandbox.diagnosis.access_tokens import (
    Use,
    ahead,
    audiences,
    expected_issuers,
    has_expired,
    jwks_before,
    key_ids,
    lacks_scope,
    names_of_service,
    refused_at_once,
    time_of,
)
from sandbox.diagnosis.edge import is_from_edge, speaks_of_host
from sandbox.diagnosis.evidence import Evidence, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.session_tokens import asked, proof, refused
from sandbox.wire.exchange import Exchange

_FORBIDDEN: Final = 403
_SHORT_LIVED: Final = 3600.0
"""Seconds up to which a clock that is off may plausibly exceed the lifetime of a token."""
_CLOCK_OFF: Final = 60.0
_SAYS_EXPIRED: Final = re.compile(r"\bexpired\b|\bexpiry\b", re.IGNORECASE)


@rule(
    "unknown-signing-key",
    step="session",
    side="configuration",
    title="The token is signed with a key that the MCP server does not have",
    why="The header of a token names the key that signed it, in `kid`. That key is in none of the keys that the MCP "
    "server read, so it cannot check the signature and refuses the token. No new sign-in helps.",
    change="In the MCP server: read the keys from `jwks_uri` of the metadata of the server that people sign in at; for "
    "AuthKit it is /oauth2/jwks of the AuthKit domain, and not a URL of another environment. On an unknown `kid` read "
    "them again, once and not more often than every few seconds. If it read them only at its start, restart it. In "
    "the authorization server: publish a new key before the first token is signed with it.",
    references=("RFC 7515 section 4.1.4", "RFC 7517 section 4.5", "RFC 8414 section 2"),
)
def unknown_signing_key(seen: Evidence) -> Proof | None:
    """Look for a refused token whose `kid` is not among the keys that were read last."""
    for use in refused(seen):
        jwks = jwks_before(seen, use)
        ids = key_ids(seen, jwks) if jwks else None
        kid = use.header.get("kid")
        if jwks and ids is not None and isinstance(kid, str) and kid not in ids:
            when = "" if jwks.number > use.exchange.number else f", last read in exchange {jwks.number}"
            held = ", ".join(ids) or "no key"
            return proof(use, f"{asked(use)}. Its `kid` is {kid}. {jwks.url}{when}, holds {held}.", jwks)
    return None


@rule(
    "wrong-issuer",
    step="session",
    side="server",
    title="The MCP server expects tokens of another issuer",
    why="A token names who issued it, in `iss`, and the MCP server compares that letter by letter with the name that "
    "it was given. One authorization server may have several names: the AuthKit domain, a custom domain, and "
    "https://api.workos.com/user_management/client_… for user sessions. The key is the right one, and the name is not.",
    change="In the MCP server: accept the `issuer` that the authorization server's metadata gives, and take the keys "
    "from the `jwks_uri` beside it. While a domain moves, accept the old name as well. In raindrop.manifest: let "
    "`authorization_server` be that same issuer.",
    references=("RFC 7519 section 4.1.1", "RFC 9068 section 4", "RFC 8414 section 2"),
)
def wrong_issuer(seen: Evidence) -> Proof | None:
    """Look for a refused token whose `iss` is not the issuer of the metadata, or not where the server read its keys."""
    for use in refused(seen):
        issuer = (use.claims or {}).get("iss")
        expected = expected_issuers(seen)
        if not isinstance(issuer, str):
            continue
        if expected and issuer not in expected:
            return proof(use, f"{asked(use)}. Its `iss` is {issuer}, the metadata names {expected[0]}.")
        if jwks := _keys_from_elsewhere(seen, use, issuer):
            happened = f"{asked(use)}. Its `iss` is {issuer}. The server read its keys, among them the right one, at "
            return proof(use, f"{happened}{jwks.url}: it knows this issuer by another name.", jwks)
    return None


def _keys_from_elsewhere(seen: Evidence, use: Use, issuer: str) -> Exchange | None:
    jwks = jwks_before(seen, use)
    if jwks is None or jwks.asker == "client" or use.header.get("kid") not in (key_ids(seen, jwks) or []):
        return None
    named = seen.server_metadata.fields.get("jwks_uri") if seen.server_metadata else None
    return None if origin(jwks.url) == origin(issuer) or jwks.url == named else jwks


@rule(
    "bearer-case-sensitive",
    step="session",
    side="server",
    title='The MCP server knows "Bearer", and not "bearer"',
    why="The token goes in the `Authorization` header, after the word Bearer. Upper and lower case do not matter "
    "there. The client wrote the word as `token_type` of the token's answer has it, the MCP server compares letter by "
    "letter, and sees no token.",
    change="In the MCP server: compare the scheme without regard to case. In the authorization server: send "
    '`"token_type": "Bearer"`, which every client copies well.',
    references=("RFC 9110 section 11.1", "RFC 6749 section 5.1", "RFC 6750 section 2.1"),
)
def bearer_case_sensitive(seen: Evidence) -> Proof | None:
    """Look for a refused token with nothing else wrong behind a scheme that is not written `Bearer`."""
    for use in refused(seen):
        if use.scheme != "Bearer" and _is_sound(seen, use):
            said = seen.fields(use.issued).get("token_type") if use.issued else None
            told = f", as `token_type` {said} of the token's answer" if said == use.scheme else ""
            return proof(use, f"{asked(use)}, written `Authorization: {use.scheme} …`{told}.")
    return None


@rule(
    "clock-skew",
    step="session",
    side="server",
    title="By the MCP server's clock the token has expired",
    why="The token is good for a short time, and the clock with which the MCP server compares that time is ahead. So "
    "each token is over before it arrives, and the authorization server sees nothing wrong.",
    change="On the machine of the MCP server: set the clock (NTP), and have a check of its own raise an alarm when it "
    "drifts. Compare `date -u` on that machine with the `Date` header of any other server's answer. If they agree, the "
    "cause cannot be seen from outside: look into the server's log for why it refused.",
    references=("RFC 7519 section 4.1.4", "RFC 9068 section 4"),
)
def clock_skew(seen: Evidence) -> Proof | None:
    """Look for a good token refused as expired, or by a server whose clock is off."""
    for use in refused(seen):
        if _is_sound(seen, use) and use.scheme == "Bearer" and (sign := _sign_of_skew(use)):
            left = (time_of(use.claims, "exp") or 0.0) - use.answered_at
            return proof(use, f"{asked(use)}. By the time of the trace it is good for {left:.0f} s more. {sign}")
    return None


def _sign_of_skew(use: Use) -> str:
    """Say what speaks for a clock that is off; nothing when nothing does."""
    answer = use.exchange
    if _SAYS_EXPIRED.search(f"{answer.response_header('www-authenticate')} {answer.response_body}"):
        return "The answer says that it has expired."
    date = answer.response_header("date")
    try:
        off = parsedate_to_datetime(date).timestamp() - use.answered_at if date else 0.0
    except ValueError:
        off = 0.0
    if off > _CLOCK_OFF:
        return f"The `Date` of the answer is {off:.0f} s ahead."
    return ""


@rule(
    "fresh-token-rejected",
    step="session",
    side="network",
    title="Something in front of the MCP server refuses a good token",
    why="As far as the wire shows, the token is good: issued a moment ago, by the right issuer, for this server. "
    "Whoever answered 401 checks something else, or checks it against an old configuration. The client signs in once "
    "more, to the same end.",
    change="Find who answers: look for this request in the log of the MCP server, and then in that of each proxy and "
    "gateway before it. In whichever refuses: log the reason of each refusal, and take issuer (`iss`), audience "
    "(`aud`) and keys from the same settings as the server.",
    references=("RFC 6750 section 3.1", "RFC 9068 section 4"),
)
def fresh_token_rejected(seen: Evidence) -> Proof | None:
    """Look for a refused token with nothing wrong to be seen."""
    for use in refused(seen):
        if _is_sound(seen, use) and use.scheme == "Bearer" and not _sign_of_skew(use):
            iss, aud = (use.claims or {}).get("iss"), ", ".join(audiences(use))
            jwks = jwks_before(seen, use)
            unread = "" if jwks else " Nobody read the keys that are needed to check it."
            return proof(use, f"{asked(use)}. The token is from {iss}, for {aud}, and has not expired.{unread}")
    return None


def _is_sound(seen: Evidence, use: Use) -> bool:
    """Say whether nothing is wrong with a new token that the wire could show."""
    if use.claims is None or use.issued is None or has_expired(use) or ahead(use):
        return False
    issuer = use.claims.get("iss")
    jwks = jwks_before(seen, use)
    ids = key_ids(seen, jwks) if jwks else None
    url = names_of_service(seen, use)[-1]
    resource = names_of_service(seen, use)[0]
    return (
        (not expected_issuers(seen) or issuer in expected_issuers(seen))
        and _keys_from_elsewhere(seen, use, str(issuer)) is None
        and (jwks is None or (ids is not None and use.header.get("kid") in ids))
        and bool({resource, url} & set(audiences(use)))
        and _names(resource, url)
    )


def _names(resource: str, url: str) -> bool:
    """Say whether a resource is the URL that was asked, or holds it; a slash at the end makes another resource."""
    within = url.startswith(resource.rstrip("/") + "/") and url.rstrip("/") != resource.rstrip("/")
    return resource == url or within


@rule(
    "fresh-token-forbidden",
    step="session",
    side="network",
    title="A good token is answered with 403",
    why="403 says that this person may not do this, and that another token would not help. Here a new token was "
    "refused at the very first request, and nothing says which permission is missing. No client knows what to do with "
    "that: some give up, some ask for a sign-in that has just succeeded.",
    change="In the gateway or proxy in front of the MCP server: list the server's URL, the `resource` of its metadata, "
    "among the allowed audiences (`aud` of the token), and the authorization server among the issuers (`iss`). In the "
    'program that sends the 403: answer 401 with the challenge of the MCP server and `error="invalid_token"`. 403 is '
    "for a good token that lacks a scope.",
    references=("RFC 6750 section 3.1", "RFC 9110 section 15.5.4"),
)
def fresh_token_forbidden(seen: Evidence) -> Proof | None:
    """Look for a new token answered 403 without naming a scope, by what is not an edge that blocks the client."""
    for use in refused_at_once(seen, _FORBIDDEN):
        another = is_from_edge(use.exchange) or speaks_of_host(use.exchange)
        if not lacks_scope(use.exchange) and not another and not has_expired(use):
            said = " ".join(use.exchange.response_body.split())[:120]
            told = f" and says: {said}" if said else ""
            return proof(use, f"{asked(use)}, without a `WWW-Authenticate` that names a scope{told}.")
    return None
