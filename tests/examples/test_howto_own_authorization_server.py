import pytest

from sandbox import Sandbox
from tests.examples.client import call


@pytest.fixture
def issuer():
    """Give the issuer of your own server; here it is the WorkOS of another world."""
    with Sandbox() as other:
        yield other.issuer


async def test_clients_sign_in_at_my_server(sandbox, issuer):
    service = {"authorization_server": issuer, "issuers": [issuer], "jwks_uri": f"{issuer}/oauth2/jwks"}
    sandbox.change({"service": service})
    await call(sandbox, "list_services")
    sandbox.assert_connected()
    sandbox.assert_sound()
