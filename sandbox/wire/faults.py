"""Faults as pure functions: from a healthy answer to the broken one.

Some faults stand in front: a gateway that answers 503, an error in the endpoint's own shape. Nothing behind them sees
the request. The others edit what the healthy application answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.durations import seconds
from sandbox.flow import Step
from sandbox.scenario.model import ErrorAnswer, Fault, Redirect
from sandbox.wire.error_answers import error_answer
from sandbox.wire.message import Response
from sandbox.wire.place import Place
from sandbox.world import overlay

_FIRST_ERROR: Final = 400
_TIME_CLAIMS: Final = frozenset({"exp", "iat", "nbf", "auth_time"})


# --- in front of the application ---------------------------------------------------------------------------------


def stands_in_front(fault: Fault, step: Step) -> bool:
    """Say whether the fault answers by itself, so that the application never sees the request."""
    if fault.error is not None:
        return step != "authorization"
    return fault.redirect is not None or (fault.status is not None and fault.status >= _FIRST_ERROR)


def front(fault: Fault, place: Place) -> Response:
    """Answer instead of the application."""
    if fault.error is not None:
        return error_answer(_error_of(fault), place)
    if fault.redirect is not None:
        to = fault.redirect if isinstance(fault.redirect, Redirect) else Redirect(to=fault.redirect)
        return Response(to.status, (("location", to.to), ("content-length", "0")))
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    body = f"{status} {phrase}\n".encode()
    return Response(status, (("content-type", "text/plain"), ("content-length", str(len(body)))), body)


def _error_of(fault: Fault) -> ErrorAnswer:
    return fault.error if isinstance(fault.error, ErrorAnswer) else ErrorAnswer(code=str(fault.error))


# --- edits of the healthy answer ---------------------------------------------------------------------------------

Edit = Callable[[Fault, Response, Place], Response | None]


def edited(fault: Fault, response: Response, place: Place) -> Response | None:
    """Give the answer with the fault in it; None when there is nothing here for the fault to edit."""
    changed = _EDITS[fault.action](fault, response, place)
    return None if changed == response else changed


def _merge(fault: Fault, response: Response, place: Place) -> Response | None:
    change = fault.set or {}
    return _on_fields(response, place, lambda fields: overlay(fields, change))


def _remove(fault: Fault, response: Response, place: Place) -> Response | None:
    return _on_fields(response, place, lambda fields: without(fields, fault.remove or []))


def without(fields: Mapping[str, Any], names: Any) -> dict[str, Any]:
    """Give the fields without those named, nested by mapping."""
    nested = names if isinstance(names, Mapping) else {}
    gone = {name for name in names if not isinstance(nested.get(name), (Mapping, list))}
    kept = {name: value for name, value in fields.items() if name not in gone}
    for name, inner in nested.items():
        if isinstance(kept.get(name), Mapping) and isinstance(inner, (Mapping, list)):
            kept[name] = without(kept[name], inner)
    return kept


def _on_fields(response: Response, place: Place, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Response | None:
    """Change the fields of an answer: of its JSON, of each JSON event, or of the redirect back to the client."""
    if place.step == "authorization":
        return _on_redirect(response, change)
    if response.status >= _FIRST_ERROR and place.step != "challenge":
        return None
    if isinstance(response.json, dict):
        return _with_json(response, change(response.json))
    if (response.header("content-type") or "").startswith("text/event-stream"):
        body = _DATA.sub(lambda found: found[1] + _event(found[2], change), response.body)
        return response.with_body(body) if body != response.body else None
    return None


_DATA: Final = re.compile(rb"^(data: ?)([^\r\n]*)", re.MULTILINE)


def _event(data: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return data
    changed = change(message) if isinstance(message, dict) else message
    return data if changed == message else json.dumps(changed).encode()


def _with_json(response: Response, value: dict[str, Any]) -> Response:
    """Give the response with another JSON body, or just as it is where that says the same."""
    return response if value == response.json else response.with_body(json.dumps(value).encode())


def _on_redirect(response: Response, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Response | None:
    """Change the authorization response (RFC 6749, section 4.1.2): the query of the redirect back to the client."""
    if not is_authorization_response(response):
        return None
    parts = urlsplit(response.header("location") or "")
    fields: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    changed = {name: value for name, value in change(fields).items() if value is not None}
    if changed == fields:
        return None
    return response.with_headers(location=urlunsplit(parts._replace(query=urlencode(changed))))


def is_authorization_response(response: Response) -> bool:
    """Say whether this is the redirect that hands a code or an error to the client.

    The application's own redirects, to its pages, are paths without a scheme.
    """
    location = urlsplit(response.header("location") or "")
    fields = dict(parse_qsl(location.query, keep_blank_values=True))
    return bool(location.scheme) and bool({"code", "error"} & fields.keys())


def _authorization_error(fault: Fault, response: Response, place: Place) -> Response | None:
    """Turn an answer of the authorization endpoint into an error redirect (RFC 6749, section 4.1.2.1).

    Only where the healthy application trusted the redirect URI, so that a fault never makes an open redirect.
    """
    error = _error_of(fault)
    fields = {"error": error.code}
    if error.description is not None:
        fields["error_description"] = error.description
    if is_authorization_response(response):
        return _on_redirect(response, lambda old: fields | ({"state": old["state"]} if "state" in old else {}))
    redirect_uri = place.request.form.get("redirect_uri")
    location = response.header("location") or ""
    asked = place.request.path.endswith("/authorize") and place.request.method == "GET"
    # Only the authorization endpoint has looked at this redirect_uri; a page would take any for granted.
    if redirect_uri is None or not asked or not location.startswith("/oauth2/sign-in"):
        return None
    if "state" in place.request.form:
        fields["state"] = place.request.form["state"]
    joined = redirect_uri + ("&" if "?" in redirect_uri else "?") + urlencode(fields)
    return Response(HTTPStatus.FOUND, (("location", joined), ("content-length", "0")))


def _status(fault: Fault, response: Response, _place: Place) -> Response | None:
    status = fault.status or response.status
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:  # they have no body (RFC 9110, section 6.4.1)
        return replace(response, status=status, body=b"").with_headers(content_length=None)
    return replace(response, status=status)


def _headers(fault: Fault, response: Response, _place: Place) -> Response | None:
    return response.with_header_items(fault.headers or {})


def _body(fault: Fault, response: Response, _place: Place) -> Response | None:
    if isinstance(fault.body, str):
        return response.with_body(fault.body.encode(), fault.content_type or "text/html; charset=utf-8")
    return response.with_body(json.dumps(fault.body).encode(), fault.content_type or "application/json")


def _replace(fault: Fault, response: Response, _place: Place) -> Response | None:
    """Put text for text, wherever it stands; None where none of it stands."""
    headers, body = response.headers, response.body.decode("utf-8", "surrogateescape")
    for old, new in (fault.replace or {}).items():
        headers = tuple((name, value.replace(old, new)) for name, value in headers)
        body = body.replace(old, new)
    replaced = body.encode("utf-8", "surrogateescape")
    if (headers, replaced) == (response.headers, response.body):
        return None
    return replace(response, headers=headers).with_body(replaced)


def _encode(_fault: Fault, response: Response, _place: Place) -> Response | None:
    if not isinstance(response.json, dict):
        return None
    return response.with_body(urlencode(response.json).encode(), "application/x-www-form-urlencoded")


def _token(fault: Fault, response: Response, place: Place) -> Response | None:
    """Make the access token of a token response anew."""
    fields = response.json
    token = fields.get("access_token") if isinstance(fields, dict) else None
    claims = place.tokens.claims_of(token) if isinstance(token, str) else None
    if not isinstance(token, str) or claims is None:
        return None
    if fault.token_format:
        new = place.tokens.opaque(token)
    else:
        new = place.tokens.resign(changed_claims(claims, fault.claims or {}, place.tokens.now()), fault.sign)
    return _with_json(response, {**fields, "access_token": new})


def changed_claims(claims: Mapping[str, Any], change: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Give claims with changes: None removes, and a time claim takes a duration from now."""
    changed = {**claims, **change}
    for name in _TIME_CLAIMS & change.keys():
        if isinstance(change[name], str):
            changed[name] = int(now + seconds(change[name]))
    return {name: value for name, value in changed.items() if value is not None}


_EDITS: Final[dict[str, Edit]] = {
    "set": _merge,
    "remove": _remove,
    "error": _authorization_error,
    "status": _status,
    "headers": _headers,
    "body": _body,
    "replace": _replace,
    "encode": _encode,
    "claims": _token,
    "sign": _token,
    "token_format": _token,
}
"""How each action edits an answer."""

EDIT_ORDER: Final = (
    "error",
    "claims",
    "sign",
    "token_format",
    "set",
    "remove",
    "body",
    "replace",
    "encode",
    "status",
    "headers",
)
"""The order in which several faults edit one answer, whatever their order in the file.

The token first, then the fields around it; `encode` after all that edits JSON, as it leaves none.
"""

HEAD_EDITS: Final = frozenset({"status", "headers"})
"""The actions that edit the head of an answer and leave its body alone."""
