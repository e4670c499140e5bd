"""Every operation that is emulated, asked by schemathesis: no answer breaks WorkOS's document, and none is a 500."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.sandbox import Sandbox
from sandbox.workos.store import Store
from tests.conftest import missing
from tests.workos.api import generated
from tests.workos.api.calls import Api
from tests.workos.api.coverage import emulated
from tests.workos.api.document import FILE, objections, operation_of

EXAMPLES = 20
"""Requests for each operation."""

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def kept(store: Store) -> list[str]:
    """Give all that a store keeps."""
    return list(store._db.iterdump())


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """Run the healthy world, on real sockets."""
    if not FILE.exists():
        missing("Node with WorkOS's OpenAPI document")
    with Sandbox(seed=7) as sandbox:
        yield sandbox


# What the sandbox imports in a thread meanwhile may seed `random`; Hypothesis takes that for the strategy's doing.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize(("method", "path"), emulated())
def test_every_answer_is_one_that_the_document_knows(running: Sandbox, method: str, path: str) -> None:
    """Whatever is sent, sound or not, the answer's status, type, headers and body are as WorkOS's document has them."""
    running.reset()
    workos, answers = running.addresses.workos, Counter[int]()
    with generated.session() as http:
        known = generated.ids(
            lambda method, path, body: http.request(method, workos + path, json=body, timeout=10).json()
        )

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=generated.cases(method, path, known))
        def ask(case: schemathesis.Case[Any]) -> None:
            response = case.call(workos, http, allow_redirects=False)
            answers[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        ask()
    assert answers.total() == EXAMPLES


OPEN = {
    "/sso/authorize",
    "/sso/jwks/{clientId}",
    "/sso/logout",
    "/sso/token",
    "/user_management/authenticate",
    "/user_management/authorize",
    "/user_management/authorize/device",
    "/user_management/sessions/logout",
}
"""What a browser asks, or a client with credentials of its own."""

BODIES = [b"{", b"[]", b"null", b'"text"', b"\xff", b"[" * 100_000, b'{"name": ' * 20_000]


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path in emulated() if method != "GET"])
def test_a_body_that_is_none_changes_nothing(api: Api, method: str, path: str) -> None:
    """What is no JSON object is refused in WorkOS's shape, and all is as it was."""
    known = generated.ids(lambda method, path, body: api.call(method, path, body).json)
    operation = operation_of(method, path)
    if operation is None or "requestBody" not in operation.content:
        return
    store = api.workos.authkit.store
    before = kept(store)
    for body in BODIES:
        answer = api.call(method, generated.placed(path, known), form=body, content_type="application/json")
        assert answer.status in {400, 422}, (body[:20], answer)
    assert kept(store) == before


@pytest.mark.parametrize(("method", "path"), emulated())
def test_a_bad_key_changes_nothing(api: Api, method: str, path: str) -> None:
    """Without a key of the environment nothing is done, and nothing told but what anybody may ask."""
    known = generated.ids(lambda method, path, body: api.call(method, path, body).json)
    before = kept(api.workos.authkit.store)
    for key in (None, "", "sk_test_wrong"):
        answer = api.call(method, generated.placed(path, known), {}, key=key)
        assert answer.status == 401 or path in OPEN, answer
    assert kept(api.workos.authkit.store) == before


def test_a_body_that_is_too_large_is_refused(running: Sandbox) -> None:
    """Over 4 MiB the answer is a 413 in WorkOS's shape."""
    with generated.session() as http:
        answer = http.post(f"{running.addresses.workos}/organizations", data=b"a" * (4 * 2**20 + 1), timeout=10)
    assert (answer.status_code, list(objections("POST", "/organizations", 413, answer.json()))) == (413, [])
