"""The secrets of Connect's endpoints, over real sockets: in the trace they are fingerprints, in every form of it."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, urlsplit

import httpx2

from sandbox.export import FORMATS
from sandbox.wire.redaction import fingerprint
from tests.conftest import Start
from tests.wire.signing_in import CALLBACK

KEY = {"authorization": "Bearer sk_test_sandbox"}
APPLICATION = {
    "name": "Forum",
    "application_type": "oauth",
    "is_first_party": True,
    "uses_pkce": False,
    "redirect_uris": [{"uri": CALLBACK}],
}


async def test_no_form_of_the_trace_holds_a_secret_of_connect(start: Start) -> None:
    """From the answer that shows a secret once, over a sign-in at the app's own page, to a token by HTTP Basic."""
    sandbox = await start(world={"workos": {"login_uri": "http://localhost:9/login"}})
    async with httpx2.AsyncClient(trust_env=False, base_url=sandbox.addresses.workos) as http:
        made = (await http.post("/connect/applications", json=APPLICATION, headers=KEY)).json()
        path = f"/connect/applications/{made['id']}/client_secrets"
        secret = (await http.post(path, json={}, headers=KEY)).json()["secret"]
        asked = {"response_type": "code", "client_id": made["client_id"], "redirect_uri": CALLBACK}
        away = await http.get("/oauth2/authorize", params=asked)
        external = dict(parse_qsl(urlsplit(away.headers["location"]).query))["external_auth_id"]
        body = {"external_auth_id": external, "user": {"id": "1", "email": "eve@app.example"}}
        url = (await http.post("/authkit/oauth2/complete", json=body, headers=KEY)).json()["redirect_uri"]
        session = dict(parse_qsl(urlsplit(url).query))["authorization_session_id"]
        back = await http.get(url)
        code = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        tokens = await http.post("/oauth2/token", data=grant, auth=(made["client_id"], secret))
        assert tokens.status_code == 200
        console = sandbox.addresses.console
        shown = {name: (await http.get(f"{console}/api/trace?format={name}")).text for name in FORMATS}
        shown |= {path: (await http.get(console + path)).text for path in ("/api/state", "/dashboard")}
    basic = base64.b64encode(f"{made['client_id']}:{secret}".encode()).decode()
    secrets = {secret, session, code, basic, tokens.json()["access_token"]}
    assert [(name, one) for name, text in shown.items() for one in secrets if one in text] == []
    assert "sk_test_sandbox" not in "".join(shown[name] for name in FORMATS)
    assert f"‹secret {fingerprint(secret)}›" in shown["json"]
