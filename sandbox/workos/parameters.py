"""The parameters of a request: each at most once, one without a value is none (RFC 6749, sections 3.1 and 3.2)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from flask import request
from werkzeug.datastructures import MultiDict

from sandbox.settings import AuthMethod
from sandbox.workos.answers import OAuthError

FORM: Final = "application/x-www-form-urlencoded"
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+")


class Credentials(NamedTuple):
    """What a client says of itself; empty where it says nothing."""

    client_id: str
    secret: str
    method: AuthMethod


def single(values: MultiDict[str, str]) -> dict[str, str]:
    """Give each parameter's value; raise OAuthError for one that is there more than once.

    Only `resource` may be (RFC 8707, section 2), and a token here is for one resource.
    """
    for name, given in values.lists():
        if name == "resource" and len(set(given)) > 1:
            raise OAuthError("invalid_target", "Only one resource can be asked for at a time.")
        if name != "resource" and len(given) > 1:
            raise OAuthError("invalid_request", f"The parameter '{name}' is there more than once.")
    return {name: value for name, value in values.items() if value}


def form() -> dict[str, str]:
    """Give the parameters in the body of the request; a body of another type holds none."""
    return single(request.form) if request.mimetype == FORM else {}


def required(fields: Mapping[str, str], name: str) -> str:
    """Give a parameter; raise OAuthError invalid_request when it is missing."""
    if name in fields:
        return fields[name]
    hint = f" The body must be {FORM}." if request.method == "POST" and request.mimetype != FORM else ""
    raise OAuthError("invalid_request", f"The {name} is missing.{hint}")


def authorization(scheme: str) -> str | None:
    """Give what the Authorization header holds for a scheme, whose name may be in any case (RFC 9110, section 11.1)."""
    named, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if named.lower() == scheme else None


def credentials(fields: Mapping[str, str]) -> Credentials:
    """Read a client's id and secret from HTTP Basic, where both are form-urlencoded, or the form (RFC 6749, 2.3.1).

    Raise OAuthError: invalid_client for a header that cannot be read, invalid_request when it and the form name
    different clients, or both authenticate one (RFC 6749, section 2.3).
    """
    client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    in_form = Credentials(client_id, secret, "client_secret_post" if secret else "none")
    encoded = authorization("basic")
    if encoded is None:
        return in_form
    if in_form.secret:
        raise OAuthError("invalid_request", "The client authenticates in the Authorization header and in the body.")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise OAuthError("invalid_client", "Invalid authorization header.") from error
    basic = Credentials(unquote_plus(client_id), unquote_plus(secret), "client_secret_basic")
    if in_form.client_id and in_form.client_id != basic.client_id:
        raise OAuthError("invalid_request", "The client_id is not the one of the Authorization header.")
    return basic


def resource(fields: Mapping[str, str]) -> str | None:
    """Give the resource indicator; raise OAuthError invalid_target for one that is no absolute URI (RFC 8707, 2)."""
    asked = fields.get("resource")
    if asked is not None and not _ABSOLUTE_URI.fullmatch(asked):
        raise OAuthError("invalid_target", "The resource must be an absolute URI without a fragment.")
    return asked
