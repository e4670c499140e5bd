"""What can be wrong at `authorization`: a refusal that takes reading, mostly on a page that stays in the browser."""

from __future__ import annotations

import re
from typing import Final, Literal

from sandbox.diagnosis import refresh
from sandbox.diagnosis.authorization import EXPLAINED
from sandbox.diagnosis.evidence import Evidence, urlsplit_or_empty
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.sign_ins import (
    Answer,
    DeadEnd,
    SignIn,
    bare,
    came_back,
    client_of,
    is_public,
    names,
    proof_of,
    registered,
    said,
    says_unknown,
    sign_ins,
)
from sandbox.wire.exchange import Exchange

Refused = Literal["redirect-uri", "client", "document", "unknown"]

_WORDS: Final[tuple[tuple[Refused, re.Pattern[str]], ...]] = (
    ("redirect-uri", re.compile(r"redirect[ _-]?ur[il]|redirect_mismatch|callback[ _]ur[il]", re.IGNORECASE)),
    ("document", re.compile(r"client[ _]metadata|metadata[ _]document", re.IGNORECASE)),
    (
        "client",
        re.compile(
            r"application_not_found|invalid[ _]client|unknown[ _](client|application)|AADSTS700016"
            r"|client( id|_id)? (was )?(not found|is (invalid|unknown)|does not exist)",
            re.IGNORECASE,
        ),
    ),
)
"""How authorization servers say, in a code or on a page, what they do not like."""

_INTERNAL_ERROR: Final = 500
_SHOWN: Final = 120


@rule(
    "authorization-refused",
    step="authorization",
    side="authorization server",
    title="The authorization server refuses the sign-in",
    why="The browser came back with an error instead of a code. The client has nothing to exchange for a token.",
    change="Read `error` and `error_description`: they name what is wrong with the request. In the authorization "
    "server: look at the settings of this client, such as its allowed response types, grants and PKCE. In the client: "
    "send what the metadata of the authorization server offers.",
    references=("RFC 6749 section 4.1.2.1",),
)
def authorization_refused(seen: Evidence) -> Proof | None:
    """Look for an error in the redirect back that no other rule explains."""
    for sign_in, end in _refusals(seen):
        if isinstance(end, Answer) and _is_unexplained(seen, sign_in, end):
            return proof_of(came_back(sign_in, end), sign_in, end.exchange)
    return None


@rule(
    "redirect-uri-mismatch",
    step="authorization",
    side="configuration",
    title="The authorization server does not send browsers to the client's address",
    why="After the sign-in the browser has to go back to the `redirect_uri` of the client. The authorization server "
    "compares it with a list, and it is not on it. To an address that it does not trust it sends nobody, not even with "
    "an error: the browser stays on a page, and the client waits and hears nothing.",
    change="In the authorization server: allow the `redirect_uri`, in every form that clients use: "
    "http://localhost/callback and http://127.0.0.1/callback are two. Let it pass over the port of addresses on the "
    "own machine. WorkOS: dashboard, Redirects. In the client: use a fixed port that is allowed, in Claude Code claude "
    "mcp add --callback-port PORT, or register anew when the port changes.",
    references=("RFC 6749 section 3.1.2.4", "RFC 8252 section 7.3"),
)
def redirect_uri_mismatch(seen: Evidence) -> Proof | None:
    """Look for a refusal that speaks of the redirect URI, or of a request with one that was not registered."""
    for sign_in, end in _refusals(seen):
        if _why(seen, sign_in, end) == "redirect-uri":
            return _ended(sign_in, end, _what_is_allowed(seen, sign_in))
    return None


@rule(
    "cimd-unreadable",
    step="authorization",
    side="authorization server",
    title="The authorization server cannot use the document that describes the client",
    why="The client did not register. Its `client_id` is itself an address, that of a document about the client, and "
    "the authorization server has to fetch that document. When it cannot, the `client_id` means nothing to it. The "
    "browser stays on an error page, and the client hears nothing.",
    change="In the authorization server: let it fetch the document from this address, past firewalls and bot filters, "
    "or keep copies of the documents of known clients. Until then turn client ID metadata documents off, so that "
    "clients register instead: WorkOS dashboard, Connect, Configuration. As its user: take a client that registers, or "
    "register one by hand and pass the `client_id`: claude mcp add --client-id ID --callback-port PORT. In the client: "
    "publish a document that anybody can read and whose `client_id` is its own address.",
    references=("MCP 2025-11-25 authorization, client ID metadata documents",),
)
def cimd_unreadable(seen: Evidence) -> Proof | None:
    """Look for a client whose id is a URL, and is not known or is said to have wrong metadata."""
    for sign_in, end in _refusals(seen):
        if _is_document(sign_in) and _why(seen, sign_in, end) in {"client", "document"}:
            return _ended(sign_in, end, f"The `client_id` is {sign_in.asked['client_id']}.")
    return None


@rule(
    "client-forgotten",
    step="authorization",
    side="authorization server",
    title="The authorization server does not know the client",
    why="The client uses a `client_id` that the authorization server does not know, most often one that it gave out "
    "itself and has lost since. A browser is never sent back to an unknown client, so it stays on an error page and "
    "the client waits. At the token endpoint the answer is `invalid_client`. Each new attempt with this `client_id` "
    "fails in the same way.",
    change="In the authorization server: keep registrations in a database that all its instances share, and delete "
    "none that are in use. In the client: on `invalid_client` forget the `client_id`, register again, and begin the "
    "sign-in anew. By hand: claude mcp logout NAME, then sign in; for mcp-remote, delete the directory ~/.mcp-auth.",
    references=("RFC 6749 section 4.1.2.1", "RFC 6749 section 5.2", "RFC 7591 section 3.2.1"),
)
def client_forgotten(seen: Evidence) -> Proof | None:
    """Look for a page that says so, or for `invalid_client` that says so or comes without a secret to be wrong.

    A client that is accepted later was not forgotten.
    """
    ends = [
        (end.exchange, _ended(sign_in, end, _when_registered(seen, sign_in.request)))
        for sign_in, end in _refusals(seen)
        if not _is_document(sign_in) and _why(seen, sign_in, end) == "client"
    ]
    answers = [
        (one, Proof(_refused_as_unknown(seen, one), (one,)))
        for one in seen.at("token")
        if seen.fields(one).get("error") == "invalid_client"
        and (is_public(seen, one) or says_unknown(seen.fields(one)))
    ]
    found = sorted(ends + answers, key=lambda pair: pair[0].number)
    return next(
        (proof for one, proof in found if not _is_old_news(seen, proof) and not _is_accepted_after(seen, one)), None
    )


@rule(
    "authorize-error-page",
    step="authorization",
    side="authorization server",
    title="The authorization server shows an error page and does not send the browser back",
    why="The client hears only of what comes back to its own address. An error page stays in the browser: the client "
    "cannot know of it, and waits until its time is up.",
    change="Read the page in the browser, it may say more than the client. In the authorization server: look into its "
    "log at the time of this exchange; where client and `redirect_uri` are known, send the browser back with "
    "`error=server_error` instead of showing a page. In the client: say after a while that the browser may show why.",
    references=("RFC 6749 section 4.1.2.1",),
)
def authorize_error_page(seen: Evidence) -> Proof | None:
    """Look for a last page that refuses and does not say what is wrong with the request."""
    for sign_in, end in _refusals(seen):
        if isinstance(end, DeadEnd) and _is_unexplained(seen, sign_in, end):
            return _ended(sign_in, end)
    return None


def _refusals(seen: Evidence) -> list[tuple[SignIn, Answer | DeadEnd]]:
    ends = [(one, one.answer or one.dead_end) for one in sign_ins(seen)]
    return [
        (one, end)
        for one, end in ends
        if isinstance(end, DeadEnd) or (end is not None and end.error and end.error not in EXPLAINED)
    ]


def _is_unexplained(seen: Evidence, sign_in: SignIn, end: Answer | DeadEnd) -> bool:
    why = _why(seen, sign_in, end)
    return why == "unknown" or (why == "document" and not _is_document(sign_in))


def _why(seen: Evidence, sign_in: SignIn, end: Answer | DeadEnd) -> Refused:
    why = _meant(_hint(end))
    if isinstance(end, Answer) or why != "unknown":
        return why
    why = _meant(end.text)
    status = end.exchange.status or 0
    if why == "unknown" and status < _INTERNAL_ERROR and _is_unregistered(seen, sign_in):
        return "redirect-uri"
    return why


def _meant(words: str) -> Refused:
    return next((meaning for meaning, pattern in _WORDS if pattern.search(words)), "unknown")


def _hint(end: Answer | DeadEnd) -> str:
    return end.code if isinstance(end, DeadEnd) else f"{end.error} {end.fields.get('error_description', '')}"


def _ended(sign_in: SignIn, end: Answer | DeadEnd, more: str = "") -> Proof:
    if isinstance(end, Answer):
        happened = came_back(sign_in, end)
    else:
        page = end.code or (end.text.rstrip(".") if len(end.text) <= _SHOWN else f"{end.text[:_SHOWN]}…")
        happened = (
            f"The browser asked {bare(sign_in.request.url)} and ended at {bare(end.exchange.url)}, "
            f"which answered {end.exchange.status}{f': {page}' if page else ''}. It was not sent back to the client."
        )
    return proof_of(f"{happened} {more}".rstrip(), sign_in, end.exchange)


def _is_document(sign_in: SignIn) -> bool:
    return sign_in.asked.get("client_id", "").startswith("https://")


def _registered_uris(seen: Evidence, sign_in: SignIn) -> list[str]:
    return names(registered(seen, sign_in.asked.get("client_id", "")), "redirect_uris")


def _is_unregistered(seen: Evidence, sign_in: SignIn) -> bool:
    uris, asked = _registered_uris(seen, sign_in), sign_in.asked.get("redirect_uri")
    return bool(uris) and bool(asked) and asked not in uris


def _what_is_allowed(seen: Evidence, sign_in: SignIn) -> str:
    asked, uris = sign_in.asked.get("redirect_uri", ""), _registered_uris(seen, sign_in)
    if not uris:
        return f"The `redirect_uri` was {asked}."
    if asked in uris:
        return f"The `redirect_uri` was {asked}, exactly as the client had registered it."
    same_but_port = any(_without_port(asked) == _without_port(one) for one in uris)
    return (
        f"The `redirect_uri` was {asked}; registered was {', '.join(uris)}{', another port' if same_but_port else ''}."
    )


def _without_port(url: str) -> tuple[str, str | None, str]:
    parts = urlsplit_or_empty(url)
    return parts.scheme, parts.hostname, parts.path


def _when_registered(seen: Evidence, request: Exchange) -> str:
    client_id = client_of(request)
    registration = registered(seen, client_id)
    if registration is None:
        return f"The `client_id` was {client_id}."
    seconds = round(max(0.0, request.at - registration.exchange.at))
    return f"The same server had given out the `client_id` {client_id} {seconds} s before."


def _refused_as_unknown(seen: Evidence, one: Exchange) -> str:
    said_so = f"{one.method} {one.url} answered {one.status} with {said(seen.fields(one))}."
    return f"{said_so} {_when_registered(seen, one)}"


def _is_old_news(seen: Evidence, proof: Proof) -> bool:
    """Say whether a refresh had brought it to light before, of which another rule tells."""
    told, first = refresh.client_forgotten(seen), proof.exchanges[0]
    refused = told.exchanges[0] if told else None
    return refused is not None and refused.number < first.number and client_of(refused) == client_of(first)


def _is_accepted_after(seen: Evidence, exchange: Exchange) -> bool:
    client_id = client_of(exchange)
    return any(
        one.answer and "code" in one.answer.fields and one.asked.get("client_id") == client_id
        for one in sign_ins(seen)
        if one.request.number > exchange.number
    )
