import pytest

from sandbox import Scenario
from sandbox.scenario import Expect, Fault
from tests.examples.client import call


@pytest.mark.sandbox("missing-registration")
async def test_a_scenario_of_the_library(sandbox):
    with pytest.raises(ExceptionGroup):
        await call(sandbox, "list_services")
    sandbox.assert_finding("dcr-absent")


@pytest.mark.sandbox("./busy.yaml")
async def test_a_scenario_of_my_own_beside_this_file(sandbox):
    with pytest.raises(ExceptionGroup):
        await call(sandbox, "list_services")
    sandbox.assert_finding("token-unavailable")


SLOW = Scenario(
    title="The metadata is slow",
    story="A cold start.",
    faults=(Fault(at="server-metadata", delay="300ms"),),
    expect=Expect(connects=True),
)


@pytest.mark.sandbox(SLOW, world={"service": {"path": "/"}})
async def test_a_scenario_in_code_and_a_setting(sandbox):
    await call(sandbox, "list_services")
    sandbox.assert_sound()


@pytest.mark.sandbox("refresh-fails", may_not_fire=True)
async def test_a_fault_that_this_client_does_not_meet(sandbox):
    await call(sandbox, "list_services")  # it does not refresh
    sandbox.assert_connected()
