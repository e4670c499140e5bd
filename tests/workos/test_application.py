"""What every surface shares: what is not served, what cannot be saved, and the headers of pages."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.workos.driver import Workos, error


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/register",
        "/token",
        "/authorize",
        "/oauth2",
        "/oauth2/",
        "/oauth2/revoke",
        "/oauth2/token/",
        "//oauth2/token",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_served_is_not_found(workos: Workos, path: str, method: str) -> None:
    """An unknown path, also one with a slash too many, is a 404 in WorkOS's shape that says what is emulated."""
    response = workos.http.open(method=method, environ_overrides={"PATH_INFO": path})

    assert response.status_code == 404
    assert response.get_json() == {"message": "Not Found"}
    assert "not emulated" in response.headers["Sandbox-Note"]
    assert "/oauth2" in response.headers["Sandbox-Note"]


def test_the_body_of_a_404_is_a_setting(workos: Workos) -> None:
    """The exact text of WorkOS's 404 is not known, so it can be set."""
    workos.set(not_found_body={"error": "not_found", "path": None})
    response = workos.http.get("/register")

    assert response.status_code == 404
    assert response.get_json() == {"message": "Not Found", "error": "not_found", "path": None}
    assert "Sandbox-Note" in response.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/.well-known/oauth-authorization-server"),
        ("GET", "/oauth2/register"),
        ("POST", "/oauth2/authorize"),
        ("GET", "/oauth2/introspection"),
        ("GET", "/oauth2/device_authorization"),
        ("POST", "/oauth2/jwks"),
        ("DELETE", "/oauth2/userinfo"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(workos: Workos, method: str, path: str) -> None:
    """A known path with another method is a 405 in JSON, with the methods that are served."""
    response = workos.http.open(path, method=method)

    assert response.status_code == 405
    assert response.get_json() == {"message": "Method Not Allowed"}
    assert response.headers["Allow"]


def full(*_: Any) -> Any:
    """Fail as SQLite does on a full disk."""
    raise sqlite3.OperationalError("database or disk is full")


class FullDisk:
    """A database on a full disk."""

    execute = staticmethod(full)

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def full_disk(workos: Workos, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk be full from now on."""
    workos.authkit.store._db.close()
    monkeypatch.setattr(workos.authkit.store, "_db", FullDisk())


def anything(workos: Workos, client: dict[str, Any], surface: str) -> TestResponse:
    """Ask a surface for something that it looks up or keeps."""
    named = {"client_id": client["client_id"]}
    if surface == "authorize":
        return workos.authorize(client)
    if surface == "register":
        return workos.http.post("/oauth2/register", json={"redirect_uris": client["redirect_uris"]})
    if surface == "userinfo":
        return workos.userinfo("some token")
    return workos.post(f"/oauth2/{surface}", named | {"grant_type": "refresh_token", "token": "some token"})


@pytest.mark.parametrize(
    "surface", ["register", "authorize", "token", "introspection", "userinfo", "device_authorization", "sign-in"]
)
def test_a_full_disk_is_a_server_error(
    workos: Workos,
    client: dict[str, Any],
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    surface: str,
) -> None:
    """What cannot be saved is a 500 `server_error` that says why, and one line in the log, without a traceback."""
    request.getfixturevalue("full_disk")
    with caplog.at_level(logging.ERROR):
        response = anything(workos, client, surface)

    assert error(response, 500) == "server_error"
    assert "disk is full" in response.get_json()["error_description"]
    assert "Traceback" not in response.text + caplog.text
    assert [record.getMessage() for record in caplog.records] == [
        "WorkOS could not save its state: database or disk is full"
    ]


def test_a_full_disk_is_told_in_the_shape_of_the_api(workos: Workos, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the API cannot save is a 500 with a message, as SDKs read it, and is not there."""
    asked = {"headers": {"Authorization": "Bearer sk_test_sandbox"}}
    with monkeypatch.context() as patched:
        patched.setattr(workos.authkit.store, "put", full)
        response = workos.http.post("/user_management/users", json={"email": "new@sandbox.example"}, **asked)
    assert response.status_code == 500
    assert response.get_json()["code"] == "server_error"
    assert "disk is full" in response.get_json()["message"]

    users = workos.http.get("/user_management/users?email=new@sandbox.example", **asked)
    assert users.get_json()["data"] == []


def test_a_code_is_not_given_twice_when_the_disk_fills_up(
    workos: Workos, client: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code whose tokens could not be kept is used up, so that nobody holds tokens that the server forgot."""
    code = workos.code(client)
    put = workos.authkit.store.put
    monkeypatch.setattr(
        workos.authkit.store,
        "put",
        lambda key, record: full() if type(record).__name__ == "RefreshToken" else put(key, record),
    )
    assert error(workos.token(client, code), 500) == "server_error"
    monkeypatch.undo()

    assert error(workos.token(client, code)) == "invalid_grant"


@pytest.mark.parametrize("path", ["/oauth2/error", "/oauth2/device"])
def test_pages_are_locked_down(workos: Workos, path: str) -> None:
    """A page runs no script, is in no frame, is not stored, and names its address to no other site."""
    headers = workos.http.get(path).headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "form-action" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_the_stylesheet_is_served(workos: Workos) -> None:
    """The pages' stylesheet is there, and nothing beside it."""
    with workos.http.get("/_sandbox/sandbox.css") as stylesheet:
        assert stylesheet.mimetype == "text/css"
    assert workos.http.get("/_sandbox/../authkit.py").status_code == 404
    assert workos.http.get("/_sandbox/%2e%2e/authkit.py").status_code == 404
