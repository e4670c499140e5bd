"""The device grant (RFC 8628): a device shows a code, and a person enters it in a browser."""

from __future__ import annotations

import hmac
from typing import Final

import msgspec
from flask import Blueprint, Response, jsonify, make_response, render_template, request

from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.authorization import page_scopes, page_user
from sandbox.workos.records import Client, Device, Grant
from sandbox.workos.store import hashed

blueprint = Blueprint("device", __name__)

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
CODE_LIFETIME: Final = 300
"""Seconds (CONFIRMED for WorkOS)."""
INTERVAL: Final = 5
"""Seconds between two polls (CONFIRMED for WorkOS)."""
COOKIE: Final = "authkit_device"


@blueprint.post("/oauth2/device_authorization")
def device_authorization() -> Response:
    """Give a device its codes (RFC 8628, section 3.2)."""
    server = authkit()
    client = server.authenticated(request)
    user_code = f"{server.sources.letters(4)}-{server.sources.letters(4)}"
    device_code = server.sources.secret(43)
    device = Device(
        client_id=client.client_id,
        scope=server.checked_scope(request.form.get("scope", ""), client),
        user_code=user_code,
        resource=request.form.get("resource"),
        interval=INTERVAL,
        expires=server.sources.now() + CODE_LIFETIME,
    )
    server.store.put(hashed(device_code), device)
    page = f"{server.origin}/oauth2/device"
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

    Raise OAuthError authorization_pending, slow_down, access_denied or expired_token (RFC 8628, section 3.5).
    """
    key = hashed(device_code)
    device = server.store.get(Device, key)
    if device is None or device.client_id != client.client_id:
        raise OAuthError("expired_token", "The device code has expired or is invalid.")
    if device.denied:
        server.store.drop(Device, key)
        raise OAuthError("access_denied", "The user denied the request.")
    if device.sid is None:
        now = server.sources.now()
        early = now - device.polled_at < device.interval
        interval = device.interval + INTERVAL if early else device.interval
        server.store.put(key, msgspec.structs.replace(device, polled_at=now, interval=interval))
        if early:
            raise OAuthError("slow_down", "The device asks too often.")
        raise OAuthError("authorization_pending", "The user has not entered the code yet.")
    grant = server.store.get(Grant, device.sid)
    server.store.drop(Device, key)
    if grant is None:
        raise OAuthError("expired_token", "The device code has expired or is invalid.")
    return grant


def _waiting(server: AuthKit, user_code: str) -> tuple[str, Device] | None:
    wanted = user_code.strip().upper().replace(" ", "-")
    return next(
        (
            (key, device)
            for key, device in server.store.all(Device)
            if hmac.compare_digest(device.user_code.encode(), wanted.encode()) and device.sid is None
        ),
        None,
    )


def _asked(server: AuthKit, user_code: str) -> Response:
    """Ask for the user code, or show what the device of a known code asks for."""
    found = _waiting(server, user_code) if user_code else None
    client = server.client(found[1].client_id) if found else None
    browser = request.cookies.get(COOKIE) or server.sources.secret()
    page = render_template(
        "device.html",
        action="/oauth2/device",
        user_code=user_code,
        users=[page_user(server, user) for user in server.settings.users],
        client_name=client.name if client else None,
        scopes=page_scopes(found[1].scope) if found else [],
        error="This code is unknown or has expired." if user_code and found is None else None,
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
    """Take a person's decision for the device."""
    server = authkit()
    found = _waiting(server, request.form.get("user_code", ""))
    user = server.user(request.form.get("user_id", ""))
    cookie = request.cookies.get(COOKIE, "")
    own = bool(cookie) and hmac.compare_digest(
        cookie.encode(), request.form.get("authorization_session_id", "").encode()
    )
    if found is None or user is None or not own:
        return _asked(server, request.form.get("user_code", ""))
    key, device = found
    client = server.client(device.client_id)
    approved = request.form.get("decision") == "approve"
    if approved:
        sid = f"app_consent_{server.sources.ulid()}"
        server.store.put(
            sid,
            Grant(
                sid=sid,
                client_id=device.client_id,
                user_id=user.id,
                scope=device.scope,
                resource=device.resource,
            ),
        )
        server.store.put(key, msgspec.structs.replace(device, sid=sid))
    else:
        server.store.put(key, msgspec.structs.replace(device, denied=True))
    return render_template(
        "device_done.html", approved=approved, client_name=client.name if client else device.client_id
    )
