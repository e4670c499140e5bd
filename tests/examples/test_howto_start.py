from tests.examples.client import call


async def test_my_client_connects(sandbox):
    await call(sandbox, "list_services")
    sandbox.assert_connected()
