"""The secrets of the API over real sockets: what WorkOS would email, keys, authenticator apps; the trace has none."""

from __future__ import annotations

from typing import Any

import httpx2

from sandbox.export import FORMATS
from sandbox.wire.redaction import marked
from tests.conftest import Start
from tests.wire.test_no_secret_leaks import leaked

KEY = "sk_test_sandbox"
NOTEBOOKS = "org_01SANDB0XNEARBYN0TEB00KS00"
ADA = "user_01SANDB0XADA0000000000000000"
USER = f"/user_management/users/{ADA}"
PASSWORD = "a first password"
NEXT_PASSWORD = "a second password"


async def test_no_form_of_the_trace_holds_a_secret_of_the_users(start: Start) -> None:
    """Passwords, codes, tokens of links, keys' values and TOTP secrets are told by their fingerprints."""
    sandbox = await start()
    secrets = {KEY, PASSWORD, NEXT_PASSWORD}
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(
        trust_env=False, timeout=10, base_url=sandbox.addresses.workos, headers=headers
    ) as http:

        async def call(method: str, path: str, body: Any = None) -> Any:
            answer = await http.request(method, path, json=body)
            assert answer.status_code < 400, answer.text
            return answer.json()

        await call("PUT", USER, {"password": PASSWORD, "email_verified": False})
        magic = await call("POST", "/user_management/magic_auth", {"email": "foo@foo.example"})
        await call("GET", f"/user_management/magic_auth/{magic['id']}")
        await call("POST", f"{USER}/email_verification/send", {})
        await call("POST", f"{USER}/email_verification/confirm", {"code": magic["code"]})
        await call("POST", f"{USER}/email_change/send", {"new_email": "ada@park.example"})
        await call("POST", f"{USER}/email_change/confirm", {"code": magic["code"]})
        reset = await call("POST", "/user_management/password_reset", {"email": "ada@park.example"})
        set_anew = {"token": reset["password_reset_token"], "new_password": NEXT_PASSWORD}
        await call("POST", "/user_management/password_reset/confirm", set_anew)
        invitation = await call("POST", "/user_management/invitations", {"email": "bar@foo.example"})
        await call("GET", f"/user_management/invitations/by_token/{invitation['token']}")
        await http.get("/user_management/invitations/by_token/a-token-of-another-sandbox")
        key = await call("POST", f"{USER}/api_keys", {"name": "CI", "organization_id": NOTEBOOKS})
        factor = (await call("POST", f"{USER}/auth_factors", {"type": "totp"}))["authentication_factor"]["totp"]
        secrets |= {reset["password_reset_token"], invitation["token"], "a-token-of-another-sandbox"}
        secrets |= {key["value"], factor["secret"], factor["qr_code"].partition(",")[2]}
        console = sandbox.addresses.console
        shown = {name: (await http.get(f"{console}/api/trace?format={name}")).text for name in FORMATS}
        shown["log"] = str(sandbox.logs.tail("sandbox", limit=200))
    assert {name: leaked(secrets, text) for name, text in shown.items() if leaked(secrets, text)} == {}
    assert [name for name, text in shown.items() if magic["code"] in text] == []
    assert marked("code", magic["code"]) in shown["json"]
    assert marked("api_key", key["value"]) in shown["json"]
    assert marked("token", invitation["token"]) in shown["json"]
