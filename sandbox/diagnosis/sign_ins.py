"""Sign-ins, read from what the browser did: asked with what, shown which pages, and sent back with what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl

from sandbox.diagnosis.evidence import Document, Evidence, form_of, is_success, urlsplit_or_empty
from sandbox.diagnosis.finding import Proof
from sandbox.wire.exchange import Exchange

_REFUSED: Final = 400
_UNSEEN: Final = re.compile(r"<(style|script|title)\b.*?(?:</\1\s*>|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_TEXT_LIMIT: Final = 2000
_UNKNOWN_CLIENT: Final = re.compile(
    r"\A(?!.*(client authentication|secret|assertion))"  # RFC 6749 names every reason in one sentence
    r".*((application|client).{0,60}(not[ _](found|known|registered)|unknown|(does not|doesn.t) exist)"
    r"|(unknown|unregistered|no such)[ _](application|client)|AADSTS700016)",
    re.DOTALL | re.IGNORECASE,
)


class Answer(NamedTuple):
    """The redirect that brings a code or an error to the client (RFC 6749, section 4.1.2)."""

    exchange: Exchange
    fields: dict[str, str]
    target: str
    """Where the browser was sent, without the fields."""

    @property
    def error(self) -> str:
        """The error code; empty when there is none."""
        return self.fields.get("error", "")


class DeadEnd(NamedTuple):
    """A page of the authorization server at which the browser stays, as it refuses."""

    exchange: Exchange
    code: str
    """The error code and its description, from the page's address; empty when there is none."""
    text: str
    """What can be read on the page."""


class SignIn(NamedTuple):
    """One authorization request, and what became of it."""

    request: Exchange
    asked: dict[str, str]
    pages: tuple[Exchange, ...]
    """What the browser asked for in the course of it, the request first."""
    answer: Answer | None

    @property
    def dead_end(self) -> DeadEnd | None:
        """The page of refusal that it ended at."""
        last = self.pages[-1]
        if self.answer is not None or last.status is None:
            return None
        addresses = (last.url, last.response_header("location") or "")
        fields = {key: value for address in addresses for key, value in query_of(address).items()}
        code = " ".join(fields[name] for name in ("error", "error_code", "error_description") if fields.get(name))
        return DeadEnd(last, code, _text_of(last)) if last.status >= _REFUSED or code else None


def sign_ins(seen: Evidence) -> list[SignIn]:
    """Give the sign-ins; authorization requests that repeat the `state` of the one before belong to it."""
    return seen.once("sign-ins", lambda: _found(seen))


def _found(seen: Evidence) -> list[SignIn]:
    groups: list[list[Exchange]] = []
    asks = {one.number for one in seen.authorizations}
    for one in seen.at("authorization"):
        if one.number in asks and not (groups and _is_repeated(groups[-1][0], one)):
            groups.append([one])
        elif groups:
            groups[-1].append(one)
    return [_sign_in(pages) for pages in groups]


def _is_repeated(first: Exchange, later: Exchange) -> bool:
    state = form_of(first).get("state")
    return bool(state) and form_of(later).get("state") == state


def _sign_in(pages: list[Exchange]) -> SignIn:
    asked = form_of(pages[0])
    answers = [answer for page in pages if (answer := _answer(asked, page)) is not None]
    return SignIn(pages[0], asked, tuple(pages), answers[0] if answers else None)


def _answer(asked: Mapping[str, str], page: Exchange) -> Answer | None:
    """Tell the way back to the client from the way to a page of the server, or to a sign-in elsewhere."""
    location = page.response_header("location") or ""
    fields = query_of(location)
    if not {"code", "error"} & fields.keys():
        return None
    wanted, target = asked.get("redirect_uri", ""), bare(location)
    return Answer(page, fields, target) if target == bare(wanted) or _is_elsewhere(asked, fields, target) else None


def _is_elsewhere(asked: Mapping[str, str], fields: Mapping[str, str], target: str) -> bool:
    """Say whether it is the client's own answer, at another host: the `state` says so, or the port where none is."""
    there, wanted = urlsplit_or_empty(target), urlsplit_or_empty(asked.get("redirect_uri", ""))
    if there.path != wanted.path:
        return False
    if asked.get("state"):
        return fields.get("state") == asked["state"]
    return "state" not in fields and bool(wanted.netloc) and _port(there) == _port(wanted)


def _port(parts: SplitResult) -> str:
    """Give the port as it is written; empty when there is none."""
    return parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]


def registered(seen: Evidence, client_id: str) -> Document | None:
    """Give the answer to the registration of a client, where the trace holds it (RFC 7591, section 3.2.1)."""
    for one in reversed(seen.at("registration")):
        fields = seen.fields(one)
        if is_success(one) and client_id and fields.get("client_id") == client_id:
            return Document(fields, one)
    return None


def client_of(exchange: Exchange) -> str:
    """Give the client_id of a request."""
    return form_of(exchange).get("client_id") or exchange.client_id or ""


def auth_method(exchange: Exchange) -> str:
    """Name the way in which a token request proves who the client is (RFC 8414, section 2)."""
    form = form_of(exchange)
    if (exchange.request_header("authorization") or "").lower().startswith("basic "):
        return "client_secret_basic"
    if "client_assertion" in form:
        return "private_key_jwt"
    return "client_secret_post" if form.get("client_secret") else "none"


def is_public(seen: Evidence, exchange: Exchange) -> bool:
    """Say whether a token request carries no secret, and nothing in the trace says that it should."""
    if auth_method(exchange) != "none":
        return False
    registration = registered(seen, client_of(exchange))
    if registration is not None:
        return not registration.fields.get("client_secret")
    methods = names(seen.server_metadata, "token_endpoint_auth_methods_supported")
    return not methods or "none" in methods


def says_unknown(fields: Mapping[str, Any]) -> bool:
    """Say whether a refusal of the client itself gives as its reason that nobody knows the client."""
    return _UNKNOWN_CLIENT.match(str(fields.get("error_description") or "")) is not None


def asked_metadata(seen: Evidence, sign_in: SignIn) -> Document | None:
    """Give the metadata that named the authorization endpoint of a sign-in, the last one read before it."""
    for one in reversed(seen.before(sign_in.request, "server-metadata")):
        fields = seen.fields(one)
        endpoint = fields.get("authorization_endpoint")
        if is_success(one) and isinstance(endpoint, str) and bare(endpoint) == bare(sign_in.request.url):
            return Document(fields, one)
    return None


def names(document: Document | None, field: str) -> list[str]:
    """Give a list of texts from a document; an empty one when there is none."""
    value = document.fields.get(field) if document else None
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def said(fields: Mapping[str, Any]) -> str:
    """Show the error of an answer: its code, and its description where there is one."""
    description = fields.get("error_description")
    return f"error={fields.get('error')}" + (f' ("{description}")' if description else "")


def came_back(sign_in: SignIn, answer: Answer, field: str = "") -> str:
    """Tell what was asked, with one of its fields where that matters, and with which error the browser came back."""
    value = sign_in.asked.get(field)
    asked = "" if not field else f' with {field}="{value}"' if value else f" without {field}"
    return (
        f"The client asked {bare(sign_in.request.url)} for a code{asked}. "
        f"The browser came back to {answer.target} with {said(answer.fields)}."
    )


def proof_of(happened: str, sign_in: SignIn, end: Exchange) -> Proof:
    """Show a sign-in by its request and by the exchange that it ended with."""
    return Proof(happened, (sign_in.request,) if end is sign_in.request else (sign_in.request, end))


def bare(url: str) -> str:
    """Give a URL without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def query_of(url: str) -> dict[str, str]:
    """Give the fields in the query of a URL."""
    return dict(parse_qsl(urlsplit_or_empty(url).query, keep_blank_values=True))


def _text_of(page: Exchange) -> str:
    title = _TITLE.search(page.response_body)
    text = f"{title[1] if title else ''} {_UNSEEN.sub(' ', page.response_body)}"
    return " ".join(text.split())[:_TEXT_LIMIT]
