"""What users of the app send and get to sign in never reaches the trace in clear."""

from __future__ import annotations

from typing import Any, Final

import httpx2
import msgspec
import pytest

from sandbox.sandbox import Sandbox
from tests.workos.api.app import BEN_EMAIL, CREDENTIALS, GRANT
from tests.workos.api.calls import PRESS

PATH: Final = "/user_management/authenticate"


@pytest.mark.parametrize("encoding", ["json", "data"])
async def test_no_secret_of_a_sign_in_is_kept(sandbox: Sandbox, encoding: str) -> None:
    """Password, key, pending token, tokens, device code and user code are gone, in JSON and in forms."""
    async with httpx2.AsyncClient(base_url=sandbox.addresses.workos, trust_env=False) as http:

        async def asked(path: str, **body: str) -> dict[str, Any]:
            sent: dict[str, Any] = {encoding: CREDENTIALS | body}
            return dict((await http.post(path, **sent)).json())

        password = "sandbox-password"
        first = await asked(PATH, grant_type="password", email=BEN_EMAIL, password=password)
        pending = first["pending_authentication_token"]
        tokens = await asked(
            PATH,
            grant_type=GRANT + "organization-selection",
            pending_authentication_token=pending,
            organization_id=PRESS,
        )
        fresh = await asked(PATH, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        device = await asked("/user_management/authorize/device")
        await asked(PATH, grant_type=GRANT + "magic-auth:code", email=BEN_EMAIL, code="424242")
    secrets = [password, "424242", CREDENTIALS["client_secret"], pending, device["device_code"], device["user_code"]]
    secrets += [answer[name] for answer in (tokens, fresh) for name in ("access_token", "refresh_token")]

    kept = msgspec.json.encode(list(sandbox.trace)).decode()
    assert len(sandbox.trace) == 5
    assert [secret for secret in secrets if secret in kept] == []
