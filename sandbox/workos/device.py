"""The device grant (RFC 8628): a device shows a code, and a person enters it in a browser."""

from __future__ import annotations

import hmac
import re
from typing import Any, Final, NamedTuple

import msgspec
from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for

from sandbox.workos import clients, parameters
from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.consent import page_scopes, page_user
from sandbox.workos.directory.entities import User
from sandbox.workos.metadata import DEVICE_GRANT
from sandbox.workos.records import Client, Device, Grant, Purpose
from sandbox.workos.store import hashed

blueprint = Blueprint("device", __name__)

CODE_LIFETIME: Final = 300
"""Seconds (CONFIRMED for WorkOS)."""
INTERVAL: Final = 5
"""Seconds between two polls (CONFIRMED for WorkOS)."""
COOKIE: Final = "authkit_device"
_NO_SUCH_CODE: Final = (
    "This code is unknown or has expired. Compare it with what your device shows; after five minutes, or once it was"
    " used, let the device show another."
)


@blueprint.post("/oauth2/device_authorization")
def device_authorization() -> Response:
    """Give a device its codes (RFC 8628, section 3.2)."""
    server = authkit()
    form = parameters.form()
    client = clients.authenticated(server, *parameters.credentials(form))
    if DEVICE_GRANT not in client.grant_types:
        raise OAuthError("unauthorized_client", "This application may not use the device grant.")
    scope = server.checked_scope(form.get("scope", ""), client)
    return codes(server, client_id=client.client_id, scope=scope, resource=parameters.resource(form))


def codes(server: AuthKit, **asked: Any) -> Response:
    """Give a device its codes, and keep what it asks for: fields of `Device` (RFC 8628, section 3.2)."""
    user_code = f"{server.sources.letters(4)}-{server.sources.letters(4)}"
    device_code = server.sources.secret(43)
    good_until = server.now() + CODE_LIFETIME
    device = Device(
        user_code=user_code, interval=INTERVAL, good_until=good_until, expires=good_until + CODE_LIFETIME, **asked
    )
    server.store.put(hashed(device_code), device)
    page = f"{server.domain}/oauth2/device"
    answer = {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_code}",
        "expires_in": CODE_LIFETIME,
        "interval": INTERVAL,
    }
    return not_stored(jsonify(answer))


def approved_device(server: AuthKit, client: Client, device_code: str) -> Grant:
    """Give the grant of a device code.

    Raise OAuthError authorization_pending, slow_down, access_denied or expired_token (RFC 8628, section 3.5), or
    invalid_grant for a code that is unknown, used, or another client's.
    """
    device = _polled(server, "oauth", client.client_id, device_code)
    grant = server.grant(device.sid or "")
    if grant is None:
        raise _unknown()
    return grant


def approved_session(server: AuthKit, device_code: str) -> Device:
    """Give the approved device of a device code of the app, which is used up; raise OAuthError as for a grant."""
    device = _polled(server, "session", server.settings.client_id, device_code)
    server.store.drop(Device, hashed(device_code))
    return device


def _polled(server: AuthKit, purpose: Purpose, client_id: str, device_code: str) -> Device:
    key = hashed(device_code)
    device = server.store.get(Device, key)
    if device is None or (device.purpose, device.client_id) != (purpose, client_id):
        raise _unknown()
    if device.denied:
        raise OAuthError("access_denied", "The user denied the request.")
    now = server.now()
    if now >= device.good_until:
        raise OAuthError("expired_token", "The device code has expired.")
    if not device.approved:
        early = now - device.polled_at < device.interval
        interval = device.interval + INTERVAL if early else device.interval
        server.store.put(key, msgspec.structs.replace(device, polled_at=now, interval=interval))
        if early:
            raise OAuthError("slow_down", "The device asks too often.")
        raise OAuthError("authorization_pending", "The user has not entered the code yet.")
    return device


def _unknown() -> OAuthError:
    return OAuthError("invalid_grant", "The device code is invalid.")


class _Waiting(NamedTuple):
    """A device that waits for a decision; an app's own has no client."""

    key: str
    device: Device
    client: Client | None

    @property
    def client_name(self) -> str:
        """What a person knows the application by."""
        return self.client.name if self.client else "Your app"


def _waiting(server: AuthKit, user_code: str) -> _Waiting | None:
    """Find the device of a user code, typed in any case and with any punctuation (RFC 8628, section 6.1)."""
    wanted, now = _letters(user_code), server.now()
    for key, device in server.store.all(Device):
        undecided = not device.approved and not device.denied and now < device.good_until
        if undecided and hmac.compare_digest(_letters(device.user_code), wanted):
            client = server.client(device.client_id)
            return _Waiting(key, device, client) if client or device.purpose != "oauth" else None
    return None


def _letters(user_code: str) -> str:
    return re.sub(r"[^A-Z]", "", user_code.upper())


def _asked(server: AuthKit, user_code: str) -> Response:
    """Ask for the user code, or show what the device of a known code asks for."""
    found = _waiting(server, user_code)
    browser = request.cookies.get(COOKIE) or server.sources.secret()
    page = render_template(
        "device.html",
        action="/oauth2/device",
        user_code=found.device.user_code if found else user_code,
        users=[page_user(server, user) for user in server.users()],
        client_name=found.client_name if found else None,
        scopes=page_scopes(found.device.scope) if found else [],
        resource=found.device.resource if found else None,
        unverified=bool(found and found.client and found.client.registered_itself),
        error=_NO_SUCH_CODE if user_code and found is None else None,
        session=browser,
    )
    response = make_response(page)
    response.set_cookie(COOKIE, browser, max_age=CODE_LIFETIME, httponly=True, samesite="Lax", path="/oauth2/device")
    return response


@blueprint.get("/oauth2/device")
def device_page() -> Response:
    """Show the page that `verification_uri` names."""
    return _asked(authkit(), request.args.get("user_code", ""))


@blueprint.post("/oauth2/device")
def decide_device() -> Response | str:
    """Take a person's decision for the device; who approves and belongs to several organizations chooses one."""
    server = authkit()
    form = request.form
    found = _waiting(server, form.get("user_code", ""))
    user = server.user(form.get("user_id", ""))
    cookie = request.cookies.get(COOKIE, "").encode()
    own = bool(cookie) and hmac.compare_digest(cookie, form.get("authorization_session_id", "").encode())
    approved = form.get("decision") == "approve"
    if found is None or user is None or not own or not (approved or form.get("decision") == "deny"):
        return _asked(server, form.get("user_code", ""))
    theirs = [one.id for one in server.directory.organizations_of(user)]
    organization = form.get("organization_id", theirs[0] if len(theirs) == 1 else None)
    if approved and theirs and organization not in theirs:
        return _organization_asked(server, found, user)
    _decided(server, found, user if approved else None, organization if theirs else None)
    return render_template("device_done.html", approved=approved, client_name=found.client_name)


def _organization_asked(server: AuthKit, found: _Waiting, user: User) -> str:
    """Ask who approved, and belongs to several organizations, which one the device is to act in."""
    user_code = found.device.user_code
    return render_template(
        "organization.html",
        client_name=found.client_name,
        user=page_user(server, user),
        organizations=[{"id": one.id, "name": one.name} for one in server.directory.organizations_of(user)],
        action=url_for("device.decide_device"),
        session=request.form["authorization_session_id"],
        answered={"user_code": user_code, "user_id": user.id, "decision": "approve"},
        another=url_for("device.device_page", user_code=user_code),
    )


def _decided(server: AuthKit, found: _Waiting, user: User | None, organization: str | None) -> None:
    """Keep the decision: of the user who approved, in that organization or in none, or of nobody, who denied."""
    device = found.device
    if user is None:
        changed: dict[str, Any] = {"denied": True}
    elif found.client is None:
        changed = {"user_id": user.id, "organization": organization}
    else:
        grant = server.new_grant(found.client, user, device.scope, device.resource, organization=organization)
        changed = {"sid": grant.sid}
    server.store.put(found.key, msgspec.structs.replace(device, **changed))
