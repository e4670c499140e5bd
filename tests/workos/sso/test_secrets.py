"""Single sign-on over real sockets, after which no form of the trace holds a secret."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2

from sandbox.export import FORMATS
from tests.conftest import Start
from tests.wire.test_no_secret_leaks import leaked
from tests.workos.api.calls import BEN, KEY, NOTEBOOKS
from tests.workos.driver import CHALLENGE, VERIFIER
from tests.workos.sso.walk import APP, CLIENT

GENERIC = {"id": "conn_generic", "organization": NOTEBOOKS, "type": "GenericOIDC", "name": "Generic"}


def fields(response: httpx2.Response) -> dict[str, str]:
    """Give the query of where a response leads."""
    return {name: value for name, (value,) in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def test_no_form_of_the_trace_holds_a_secret(start: Start) -> None:
    """Codes, verifiers, keys, tokens, the sign-in's own session and the tokens of logout are fingerprints."""
    sandbox = await start(world={"workos": {"connections": [GENERIC]}})
    async with httpx2.AsyncClient(base_url=sandbox.addresses.workos, trust_env=False) as http:
        asked = {"response_type": "code", "client_id": CLIENT, "redirect_uri": APP, "connection": "conn_generic"}
        proof = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        begun = await http.get("/sso/authorize", params=asked | proof)
        session = fields(begun)
        await http.get(begun.headers["location"])
        vouched = await http.post("/sso/idp", data=session | {"user_id": BEN, "decision": "approve"})
        code = fields(vouched)["code"]
        exchange = {"client_id": CLIENT, "client_secret": KEY, "grant_type": "authorization_code", "code": code}
        token = (await http.post("/sso/token", json=exchange | {"code_verifier": VERIFIER})).json()
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await http.get("/sso/profile", headers=bearer)).status_code == 200
        left = await http.post(
            "/sso/logout/authorize",
            json={"profile_id": token["profile"]["id"]},
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert (await http.get(left.json()["logout_url"])).status_code == 200
        secrets = {
            *session.values(),
            *http.cookies.values(),
            code,
            KEY,
            VERIFIER,
            token["access_token"],
            left.json()["logout_token"],
        }
        console = sandbox.addresses.console
        shown = {name: (await http.get(f"{console}/api/trace?format={name}")).text for name in FORMATS}
    assert len(secrets) == 7
    assert {name: leaked(secrets, text) for name, text in shown.items() if leaked(secrets, text)} == {}
    assert "/sso/logout/authorize" in shown["json"]
