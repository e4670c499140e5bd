import pytest

from tests.examples.client import call
from tests.examples.server import own_server


@pytest.fixture
async def server(sandbox):
    async with own_server(sandbox.issuer) as url:
        sandbox.change({"service": {"url": url}})
        yield url


async def test_my_server_takes_tokens_of_workos(sandbox, server):
    assert await call(sandbox, "greet", name="Ada") == "Hello Ada"
    sandbox.assert_connected()
    sandbox.assert_sound()
