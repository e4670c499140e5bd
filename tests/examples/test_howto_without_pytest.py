from sandbox import Sandbox
from tests.examples.client import call


def test_two_worlds_at_once():
    with Sandbox("expired-token") as broken, Sandbox(world={"workos": {"sign_in": "automatic"}}) as healthy:
        assert broken.mcp_url != healthy.mcp_url
        healthy.use("slow-token")
        assert healthy.scenario.name == "slow-token"


async def test_a_world_on_the_loop_that_is_there():
    async with Sandbox() as sandbox:
        await call(sandbox, "list_services")
        sandbox.assert_connected()
