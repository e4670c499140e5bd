import pytest

from tests.examples.client import call


@pytest.mark.sandbox("wrong-audience")
async def test_my_client_connects_after_the_fix(sandbox):
    with pytest.raises(ExceptionGroup):
        await call(sandbox, "list_services")
    sandbox.fix()
    await call(sandbox, "list_services")
    sandbox.assert_connected()


async def test_a_new_client_connects_when_all_others_are_forgotten(sandbox):
    await call(sandbox, "list_services")
    sandbox.effect("forget", "clients")
    sandbox.change({"workos": {"access_token": {"lifetime": "1m"}}})
    await call(sandbox, "list_services")
    assert [exchange.status for exchange in sandbox.trace if exchange.step == "registration"] == [201, 201]


async def test_a_reset_gives_back_what_a_change_took(sandbox):
    sandbox.change({"workos": {"dynamic_client_registration": False}})
    with pytest.raises(ExceptionGroup):
        await call(sandbox, "list_services")
    sandbox.reset()
    await call(sandbox, "list_services")
    sandbox.assert_sound()
