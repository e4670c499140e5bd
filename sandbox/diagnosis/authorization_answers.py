"""What can be wrong at `authorization`: the browser brings a code, and something about that is not right."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.access_tokens import refused_at_once
from sandbox.diagnosis.evidence import Document, Evidence, form_of, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.sign_ins import Answer, SignIn, asked_metadata, bare, proof_of, registered, sign_ins
from sandbox.wire.exchange import Exchange

_UNAUTHORIZED: Final = 401


@rule(
    "state-mismatch",
    step="authorization",
    side="authorization server",
    title="The browser does not bring back the `state` with which it was sent",
    why="The client gives the browser a random word, `state`, and expects it back with the answer. That is how it "
    "knows that the answer belongs to its own request and was not slipped in by somebody else. With another word, or "
    "none, a careful client does not use the code.",
    change="In the authorization server: return `state` exactly as it came, whatever its length and characters, with "
    "errors as well. In the client: treat a missing `state` as a wrong one, and keep one for each sign-in when several "
    "run at once. If it happens once: begin again from the client, and do not follow sign-in links from others.",
    references=("RFC 6749 section 4.1.2", "RFC 6749 section 10.12", "RFC 9700 section 4.7"),
)
def state_mismatch(seen: Evidence) -> Proof | None:
    """Compare `state` of the redirect back with that of the request."""
    for sign_in, answer in _answered(seen):
        if _is_other_state(sign_in, answer):
            brought = f"state={answer.fields['state']}" if answer.fields.get("state") else "no `state`"
            happened = (
                f"The browser left for {bare(sign_in.request.url)} with state={sign_in.asked['state']}, "
                f"and came back to {answer.target} with {brought}."
            )
            return proof_of(happened, sign_in, answer.exchange)._replace(risky=True)
    return None


@rule(
    "iss-mismatch",
    step="authorization",
    side="authorization server",
    title="The answer names another authorization server than the one that was asked",
    why="With the code comes `iss`, the name of the authorization server that issued it. The client compares it, "
    "letter by letter, with `issuer` of the metadata that it read. When they differ, the code may belong to another "
    "server, and a client that sent it on could hand it to an attacker. So it stops here.",
    change="In the authorization server: take `iss` and `issuer` from one setting, so that they are the same text, a "
    "slash at the end included. A server that stands in front of another one has to write its own issuer into `iss`. "
    "If you do not know the name in `iss`, do not connect.",
    references=("RFC 9207 section 2.4", "MCP 2026-07-28 authorization"),
)
def iss_mismatch(seen: Evidence) -> Proof | None:
    """Compare `iss` of the redirect back with `issuer` of the metadata."""
    for sign_in, answer in _answered(seen):
        document = asked_metadata(seen, sign_in)
        if document is not None and _is_other_issuer(document, answer):
            issuer, iss = document.fields["issuer"], answer.fields["iss"]
            slash = " They differ by a slash at the end." if issuer.rstrip("/") == iss.rstrip("/") else ""
            happened = (
                f"The browser came back to {answer.target} with iss={iss}; "
                f"{document.exchange.url} says that its `issuer` is {issuer}.{slash}"
            )
            return Proof(happened, (document.exchange, answer.exchange))
    return None


@rule(
    "iss-missing",
    step="authorization",
    side="authorization server",
    title="The answer does not say which authorization server it comes from, though that was promised",
    why="The metadata of the authorization server promises to send its name, `iss`, with every answer. The browser "
    "came back without it. Whoever wanted to pass off the answer of another server would leave the name out, so a "
    "careful client does not use the code.",
    change="In the authorization server: add `iss`, with the `issuer` of the metadata, to every redirect back, errors "
    "included; or take `authorization_response_iss_parameter_supported` out of the metadata. A server that copies the "
    "metadata of one behind it must not copy this promise.",
    references=("RFC 9207 section 2.4", "RFC 9207 section 3"),
)
def iss_missing(seen: Evidence) -> Proof | None:
    """Look for a redirect back without `iss` where the metadata promises it."""
    for sign_in, answer in _answered(seen):
        document = asked_metadata(seen, sign_in)
        if document is not None and _is_without_issuer(document, answer):
            happened = (
                f"{document.exchange.url} says `authorization_response_iss_parameter_supported: true`; "
                f"the browser came back to {answer.target} without `iss`."
            )
            return Proof(happened, (document.exchange, answer.exchange))
    return None


@rule(
    "consent-skipped",
    step="authorization",
    side="authorization server",
    title="A new client gets a code without anybody being asked",
    why="Anybody may register a client. If a browser that is signed in already gets a code for a new client without a "
    "page, then whoever gets a person to open a link gets that person's access. This connection works; so would an "
    "attacker's.",
    change="In the authorization server: show every new client's name, and the host to which the browser will go, and "
    "ask, before the first code; tie the person's yes to this browser's cookie. WorkOS AuthKit does so. If you forward "
    "to Google or Entra, show your own page first, because they see only your one client.",
    references=("MCP 2025-11-25 security best practices, confused deputy problem", "RFC 6819 section 5.2.3.2"),
    risky=True,
)
def consent_skipped(seen: Evidence) -> Proof | None:
    """Look for the first request of a client that has just registered, answered with a code at once."""
    known: set[str] = set()
    for sign_in in sign_ins(seen):
        client_id, answer = sign_in.asked.get("client_id", ""), sign_in.answer
        registration = registered(seen, client_id)
        is_new = client_id not in known and registration is not None
        known.add(client_id)
        if is_new and answer and "code" in answer.fields and answer.exchange.number == sign_in.request.number:
            happened = (
                f"The client {client_id} had just registered. Its first request to {bare(sign_in.request.url)} was "
                f"answered {answer.exchange.status} with a code for {answer.target}, without a page in between."
            )
            return Proof(happened, (sign_in.request,))
    return None


@rule(
    "callback-unreachable",
    step="authorization",
    side="client",
    title="The code never arrives at the client",
    why="The authorization server did its part and sent the browser to the client with a code. The client never "
    "exchanged it. Most often the browser could not reach the client: it runs on another machine, or inside of a "
    "container, or the client does not listen at the address to which localhost leads. The client goes on waiting.",
    change="Look at the browser. If it says that the page cannot be reached: copy the address from its address bar "
    "into the client, where the client asks for it (claude mcp login --no-browser), or give the client a fixed port "
    "and forward it to the machine of the browser with ssh -L PORT:localhost:PORT. In the client: listen on 127.0.0.1 "
    "and on ::1, or send http://127.0.0.1:PORT/callback. If the page was shown, the client refused the answer: read "
    "what it prints.",
    references=("RFC 8252 section 7.3", "RFC 8252 section 8.3"),
)
def callback_unreachable(seen: Evidence) -> Proof | None:
    """Look for a sound answer whose code nobody exchanges, where the token endpoint would have been seen."""
    if not any(one.asker == "client" for one in seen.exchanges):
        return None
    used = {form_of(one).get("code") for one in seen.at("token")}
    for sign_in, answer in _answered(seen):
        document = asked_metadata(seen, sign_in)
        is_lost = answer.fields["code"] not in used and seen.had_time_after(answer.exchange)
        if (
            is_lost
            and not _gives_up(seen, sign_in)
            and _is_sound(sign_in, answer, document)
            and _would_be_seen(seen, document)
        ):
            wanted = bare(sign_in.asked.get("redirect_uri", ""))
            other = "" if wanted in {"", answer.target} else f" The client had asked for {wanted}."
            happened = (
                f"{bare(answer.exchange.url)} sent the browser to {answer.target} with a code.{other} "
                "No token request with this code followed."
            )
            return proof_of(happened, sign_in, answer.exchange)
    return None


def _answered(seen: Evidence) -> list[tuple[SignIn, Answer]]:
    return [(one, one.answer) for one in sign_ins(seen) if one.answer and "code" in one.answer.fields]


def _gives_up(seen: Evidence, sign_in: SignIn) -> bool:
    """Say whether the token of an earlier sign-in was refused: a client may ask once more and wait for no answer."""
    refused = [use for use in refused_at_once(seen, _UNAUTHORIZED) if use.exchange.number < sign_in.request.number]
    return any(use.issued is not None and use.issued.step in {"token", "refresh"} for use in refused)


def _is_other_state(sign_in: SignIn, answer: Answer) -> bool:
    return bool(sign_in.asked.get("state")) and answer.fields.get("state") != sign_in.asked["state"]


def _is_other_issuer(document: Document, answer: Answer) -> bool:
    issuer, iss = document.fields.get("issuer"), answer.fields.get("iss")
    return isinstance(issuer, str) and bool(iss) and iss != issuer


def _is_without_issuer(document: Document, answer: Answer) -> bool:
    return document.fields.get("authorization_response_iss_parameter_supported") is True and not answer.fields.get(
        "iss"
    )


def _is_sound(sign_in: SignIn, answer: Answer, document: Document | None) -> bool:
    is_own = document is None or not (_is_other_issuer(document, answer) or _is_without_issuer(document, answer))
    return is_own and not _is_other_state(sign_in, answer)


def _would_be_seen(seen: Evidence, document: Document | None) -> bool:
    """Say whether the trace covers the host of the token endpoint, as far as that is known."""
    endpoint = document.fields.get("token_endpoint") if document else None
    covered: list[Exchange] = [one for one in seen.exchanges if one.status is not None]
    return not isinstance(endpoint, str) or origin(endpoint) in {origin(one.url) for one in covered}
