"""What differs between a live exchange and the sandbox's own, written as faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from sandbox.doctor.hosts import Hosts
from sandbox.flow import Step
from sandbox.wire.exchange import Exchange

_KEPT: Final = ("www-authenticate", "location", "retry-after", "cf-mitigated")
_KNOWN: Final = (
    *("resource", "authorization_servers", "bearer_methods_supported", "issuer", "jwks_uri"),
    *("authorization_response_iss_parameter_supported", "client_id_metadata_document_supported"),
)
_DOCUMENTS: Final = frozenset({"resource-metadata", "server-metadata"})
_SENT_BACK: Final = ("error", "error_description", "iss")
_PATHS: Final = _DOCUMENTS | {"challenge", "jwks"}
"""The steps whose paths matter; elsewhere both servers have endpoints of their own."""
_FINGERPRINT: Final = re.compile(r"([0-9a-f]{8})›")
_BODY: Final = 600
_REDIRECT, _ERROR, _OK = range(300, 400), 400, 200

Fault = dict[str, Any]


class Place(NamedTuple):
    """Which exchanges of two runs belong together."""

    step: Step
    method: str
    path: str
    mcp_method: str

    @property
    def when(self) -> dict[str, str]:
        """The condition of a fault that takes these exchanges, wildcards disarmed."""
        path = self.path.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
        said = {"mcp_method": self.mcp_method, "path": path, "method": self.method if self.method == "DELETE" else ""}
        return {name: value for name, value in said.items() if value}


class Seen(NamedTuple):
    """An answer without host names and without what never matters."""

    ended: str
    status: int | None
    kind: str
    headers: dict[str, str]
    document: Any
    text: str


def place_of(exchange: Exchange) -> Place:
    """Give the place of an exchange."""
    methods = exchange.mcp_methods if exchange.step in {"challenge", "session", "messages"} else []
    path = urlsplit(exchange.url).path if exchange.step in _PATHS else ""
    return Place(exchange.step, exchange.method, path, methods[0] if methods else "")


def seen(exchange: Exchange, hosts: Hosts) -> Seen:
    """Read an answer."""
    kind = (exchange.response_header("content-type") or "").partition(";")[0].strip().lower()
    headers = {name: hosts(value) for name in _KEPT if (value := exchange.response_header(name)) is not None}
    try:
        document = hosts(json.loads(exchange.response_body))
    except (ValueError, RecursionError):
        document = None
    if exchange.step in _DOCUMENTS and isinstance(document, dict):
        document = {name: value for name, value in document.items() if _is_known(name)}
    if exchange.step == "authorization":
        headers.pop("location", None)
        document = {name: hosts(value) for name, value in sent_back(exchange).items() if name in _SENT_BACK}
    if exchange.step == "token" and isinstance(document, dict) and "access_token" in document:
        document = hosts(_claims(exchange, str(document["access_token"])))
    ended = "hangs" if exchange.status is None and exchange.ended == "unanswered" else exchange.ended
    return Seen(ended, exchange.status, kind, headers, document, hosts(exchange.response_body[:_BODY]))


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.endswith(("_endpoint", "_supported"))


def faults(place: Place, live: Seen, own: Seen) -> list[Fault]:
    """Give the faults that make the sandbox's answer like the live one; none when they do not differ."""
    actions = _actions(place.step, live, own)
    start: Fault = {"at": place.step, "when": place.when} if place.when else {"at": place.step}
    return [{**start, **action} for action in actions]


def _actions(step: Step, live: Seen, own: Seen) -> list[Fault]:
    if live.status is None:
        action: Fault = {"hang": True} if live.ended == "hangs" else {"close": "before"}
        return [] if (live.ended, None) == (own.ended, own.status) else [action]
    if live.status in _REDIRECT and "location" in live.headers:
        same = (own.status, own.headers.get("location")) == (live.status, live.headers["location"])
        return [] if same else [{"redirect": {"to": live.headers["location"], "status": live.status}}]
    if live.status >= _ERROR and step != "authorization":
        return _error(live, own)
    return _BY_STEP.get(step, _other)(live, own)


def _other(live: Seen, own: Seen) -> list[Fault]:
    return _headers(live, own) if live.status == own.status else [{"status": live.status}, *_headers(live, own)]


def _token(live: Seen, own: Seen) -> list[Fault]:
    if not isinstance(live.document, dict) or not isinstance(own.document, dict):
        return _other(live, own)
    changed = {name: value for name, value in live.document.items() if value != own.document.get(name)}
    return [{"claims": changed}] if changed else []


def _authorization(live: Seen, own: Seen) -> list[Fault]:
    return _sent_back(live.document or {}, own.document or {})


def _sent_back(live: dict[str, str], own: dict[str, str]) -> list[Fault]:
    if "error" in live:
        said = {"code": live["error"]}
        said |= {"description": live["error_description"]} if "error_description" in live else {}
        return [] if own.get("error") == live["error"] else [{"error": said}]
    if live.get("iss") == own.get("iss"):
        return []
    return [{"set": {"iss": live["iss"]}} if "iss" in live else {"remove": ["iss"]}]


def _claims(exchange: Exchange, token: str) -> dict[str, Any]:
    """Give what of a token decides whether it is taken: for whom, and by whom (RFC 9068, section 4)."""
    found = _FINGERPRINT.search(token)
    claims = exchange.held.get(found[1], {}).get("claims") if found else None
    return {name: claims.get(name) for name in ("aud", "iss")} if isinstance(claims, dict) else {}


def _error(live: Seen, own: Seen) -> list[Fault]:
    code = live.document.get("error") if isinstance(live.document, dict) else None
    own_code = own.document.get("error") if isinstance(own.document, dict) else None
    is_oauth = isinstance(code, str) and live.status not in {401, 403, 404}
    if live.status == own.status and (not is_oauth or code == own_code):
        return _headers(live, own)
    said: Any = live.text
    if isinstance(live.document, dict):
        said = {
            name: live.document[name] for name in ("error", "error_description", "message") if name in live.document
        }
    body = (
        [{"body": said, **({} if isinstance(said, dict) else {"content_type": live.kind or "text/plain"})}]
        if said
        else []
    )
    return [{"status": live.status}, *body, *_headers(live, Seen("answered", live.status, "", {}, None, ""))]


def _headers(live: Seen, own: Seen) -> list[Fault]:
    names = live.headers.keys() | own.headers.keys()
    changed = {
        name: live.headers.get(name) for name in sorted(names) if live.headers.get(name) != own.headers.get(name)
    }
    return [{"headers": changed}] if changed else []


def _document(live: Seen, own: Seen) -> list[Fault]:
    if not isinstance(live.document, dict):
        same = (live.status, live.kind) == (own.status, own.kind)
        body = {"body": live.text or " ", "content_type": live.kind or "text/plain"}
        return [] if same else [*([{"status": live.status}] if own.status != live.status else []), body]
    if not isinstance(own.document, dict) or own.status != _OK:
        return [{"status": live.status}, {"body": live.document}]
    changed = {name: value for name, value in live.document.items() if _differs(name, value, own.document)}
    gone = [name for name in own.document if name not in live.document and _matters(name)]
    kind = [{"headers": {"content-type": live.kind or None}}] if live.kind != own.kind else []
    return [*([{"set": changed}] if changed else []), *([{"remove": gone}] if gone else []), *kind]


def _matters(name: str) -> bool:
    """Say whether it matters that a document lacks a member that the sandbox's own has."""
    return name not in {"device_authorization_endpoint", "introspection_endpoint", "response_modes_supported"}


def _differs(name: str, value: Any, own: dict[str, Any]) -> bool:
    """Say whether a member differs; endpoints with other paths at the same server do the same work."""
    mine = own.get(name)
    if name.endswith(("_endpoint", "_uri")) and isinstance(value, str) and value.startswith("{workos}/"):
        return mine is None and _matters(name)
    if name.endswith("_supported") and isinstance(value, list) and isinstance(mine, list):
        return sorted(map(str, value)) != sorted(map(str, mine))
    return bool(value != mine) or name not in own


def sent_back(exchange: Exchange) -> dict[str, str]:
    """Give the fields of the redirect back to the client, at `authorization`."""
    return dict(parse_qsl(urlsplit(exchange.response_header("location") or "").query))


_BY_STEP: Final[dict[Step, Callable[[Seen, Seen], list[Fault]]]] = {
    "resource-metadata": _document,
    "server-metadata": _document,
    "authorization": _authorization,
    "token": _token,
}
