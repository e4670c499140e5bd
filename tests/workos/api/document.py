"""WorkOS's OpenAPI document, and whether an answer is one that it describes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

FILE: Final = Path(".cache/clients/openapi-spec/node_modules/@workos/openapi-spec/open-api-spec.yaml")
METHODS: Final = ("get", "post", "put", "patch", "delete")

ANYWHERE: Final = {400, 401, 404, 413, 422, 501}
"""Refusals that any operation may give though the document leaves them out: `{"message": text}`."""

MESSAGE: Final = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}


class Operation(NamedTuple):
    """One operation of the document."""

    method: str
    path: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """What a test is called by: `GET /organizations/{id}`."""
        return f"{self.method.upper()} {self.path}"


@functools.cache
def document() -> dict[str, Any]:
    """Read the document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: dict[str, Any] = yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe one
    return read


@functools.cache
def operations() -> tuple[Operation, ...]:
    """Give every operation; those with fewer parameters in their path first, so that the first match is the right."""
    found = [
        Operation(method, path, content)
        for path, methods in document()["paths"].items()
        for method, content in methods.items()
        if method in METHODS
    ]
    return tuple(sorted(found, key=lambda one: one.path.count("{")))


def operation_of(method: str, path: str) -> Operation | None:
    """Find the operation of a request; None where the document has none."""
    for one in operations():
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(one.path))
        if one.method == method.lower() and re.fullmatch(pattern, path):
            return one
    return None


def objections(method: str, path: str, status: int, body: Any) -> Iterator[str]:
    """Say what is wrong with an answer; `body` is its JSON, None where it has none."""
    operation = operation_of(method, path)
    if status >= 500 and status != 501:
        yield f"{method} {path}: {status} {body}"
    if operation is None:
        return
    described = operation.content["responses"].get(str(status))
    if described is None:
        if status not in ANYWHERE:
            yield f"{operation.name}: the document knows no {status}"
            return
        schema: Any = MESSAGE
    else:
        schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        whole = {"components": document()["components"], "allOf": [schema]}
        for error in Draft202012Validator(whole).iter_errors(body):
            yield f"{operation.name} {status} at {error.json_path}: {error.message[:400]} in {str(body)[:400]}"
