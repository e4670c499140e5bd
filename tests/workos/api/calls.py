"""Calls of the API without sockets; each answer is held against WorkOS's OpenAPI document."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tests.workos.api.document import objections
from tests.workos.driver import Workos

KEY: Final = "sk_test_sandbox"
NOTEBOOKS: Final = "org_01SANDB0XNEARBYN0TEB00KS00"
PRESS: Final = "org_01SANDB0XHARB0VRPRESS00000"
BEN: Final = "user_01SANDB0XBEN0000000000000000"


class Answer(NamedTuple):
    """An answer of the API."""

    status: int
    json: Any
    headers: dict[str, str]


class Api:
    """An app with a key, and the WorkOS that it calls."""

    def __init__(self) -> None:
        self.workos = Workos()

    def call(
        self, method: str, path: str, json: Any = None, *, key: str | None = KEY, form: Any = None, **options: Any
    ) -> Answer:
        """Ask; fail where the answer is none that the document describes."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        sent = {} if json is None else {"json": json}
        response = self.workos.http.open(path, method=method, headers=headers, data=form, **sent, **options)
        body = response.get_json(silent=True)
        wrong = list(objections(method, urlsplit(path).path, response.status_code, body))
        assert not wrong, "\n".join(wrong)
        return Answer(response.status_code, body, dict(response.headers))

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("PUT", path, json, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.call("DELETE", path, **options)
