"""What of WorkOS is emulated, what is told to be missing, and what is nobody's."""

from __future__ import annotations

import pytest

from sandbox.workos.api import missing as product
from tests.conftest import missing
from tests.workos.api import coverage
from tests.workos.api.calls import NOTEBOOKS, Api
from tests.workos.api.document import FILE
from tests.workos.driver import Workos


@pytest.fixture(autouse=True)
def document() -> None:
    """Need WorkOS's OpenAPI document."""
    if not FILE.exists():
        missing("Node with WorkOS's OpenAPI document")


def test_the_page_is_true() -> None:
    """The page says what the routes and the document say; `python -m tests.workos.api.coverage` makes it."""
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page_text()


def test_the_list_in_the_package_is_whole() -> None:
    """The product, which has neither the document nor the SDK, knows every operation of both."""
    assert coverage.OPERATIONS.read_text(encoding="utf-8") == coverage.operations_text()
    assert len(product.operations()) > 250


def test_all_that_an_app_signs_people_in_with_is_emulated() -> None:
    """Every operation that the document has of sign-in, users, connections, Connect and domains is there."""
    app = Workos().app
    wanted = [one for one in coverage.known() if one.is_described and one.path.startswith(coverage.BAR)]
    assert len(wanted) == 74
    assert [one.name for one in wanted if not coverage.is_emulated(app, one)] == []


def test_what_only_an_older_sdk_asks_for_is_told_too(api: Api) -> None:
    """The SDK for Node, 8, asks for roles where the document has none: that is missing here, and no organization is."""
    answer = api.call("GET", f"/organizations/{NOTEBOOKS}/roles")
    assert (answer.status, answer.json["code"]) == (501, "not_emulated")
    assert "List the roles of an organization" in answer.json["message"]


@pytest.mark.parametrize("path", ["/organizations", "/organizations/{id}", "/organizations/external_id/{external_id}"])
def test_organizations_are_emulated(path: str) -> None:
    """So is the making, reading, changing, listing and deleting of organizations."""
    app = Workos().app
    found = [one for one in coverage.known() if one.path == path]
    assert found
    assert all(coverage.is_emulated(app, one) for one in found)


def test_what_is_missing_says_so(api: Api) -> None:
    """Every operation that is not emulated answers 501, names itself, and says who may have it."""
    app = api.workos.app
    lacking = [one for one in coverage.known() if not coverage.is_emulated(app, one)]
    assert lacking
    for one in lacking:
        answer = api.call(one.method, one.path.replace("{", "").replace("}", ""))
        assert (answer.status, answer.json["code"]) == (501, "not_emulated"), one
        assert one.name in answer.json["message"]
        assert one.summary in answer.json["message"]
        assert "github.com/workos/emulate" in answer.json["message"]


@pytest.mark.parametrize(
    "path", ["/event", "/events/", "//events", "/sso/authorize/.well-known/openid-configuration", "/register"]
)
def test_what_is_nobodys_is_not_found(api: Api, path: str) -> None:
    """A path that WorkOS does not have either is a 404."""
    assert api.call("GET", "/", environ_overrides={"PATH_INFO": path}).status == 404


@pytest.mark.parametrize("path", ["/organizations", "/events", "/nothing", "/organizations/none"])
def test_every_answer_of_the_api_has_a_number(api: Api, path: str) -> None:
    """`X-Request-ID`, which the SDKs show with their errors, is another one each time."""
    numbers = {api.get(path).headers["X-Request-ID"] for _ in range(3)}
    assert len(numbers) == 3
