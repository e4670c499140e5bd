"""What of WorkOS there is, and what the sandbox has of it: `python -m tests.workos.api.coverage`.

It brings sandbox/workos/api/operations.txt and docs/coverage.md up to date. WorkOS's OpenAPI document says what there
is, and its Python SDK, which is newer than the published document, what more; so do its SDKs for Node, some of which
are older. The routes say what is emulated.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import workos as sdk
from flask import Flask
from werkzeug.exceptions import HTTPException

import sandbox
from tests.workos.api.document import operations as described
from tests.workos.driver import Workos

OPERATIONS: Final = Path(sandbox.__file__).parent / "workos" / "api" / "operations.txt"
PAGE: Final = Path(__file__).parents[3] / "docs" / "coverage.md"

BAR: Final = ("/authkit/", "/connect/", "/connections", "/organization_domains", "/sso/", "/user_management/")
"""All that the document has below these is emulated."""

_HEAD: Final = "# Made from WorkOS's OpenAPI document and Python SDK by `python -m tests.workos.api.coverage`."
_NEWER: Final = "# Not in the document; the SDKs ask for them."
_SECTION: Final = re.compile(r"/[^/]+")
_PARAMETER: Final = re.compile(r"\{[^}]+\}")


_OF_NODE: Final = (
    ("GET", "/authorization/resources/{id}/organization_memberships/{membership_id}/permissions", "List permissions"),
    ("POST", "/fga/v1/check", "Check warrants"),
    ("POST", "/fga/v1/query", "Query warrants"),
    ("GET", "/fga/v1/resources", "List resources"),
    ("POST", "/fga/v1/resources", "Create a resource"),
    ("POST", "/fga/v1/resources/batch", "Create or delete several resources"),
    ("DELETE", "/fga/v1/resources/{type}/{id}", "Delete a resource"),
    ("GET", "/fga/v1/resources/{type}/{id}", "Get a resource"),
    ("PUT", "/fga/v1/resources/{type}/{id}", "Update a resource"),
    ("GET", "/fga/v1/warrants", "List warrants"),
    ("POST", "/fga/v1/warrants", "Write warrants"),
    ("GET", "/organizations/{organizationId}/roles", "List the roles of an organization"),
    ("GET", "/sdk/feature-flags", "Get all feature flags"),
    ("POST", "/user_management/magic_auth/send", "Send a Magic Auth code"),
    ("POST", "/user_management/password_reset/send", "Send a password reset email"),
)
"""What WorkOS's SDKs for Node, 7 to 11, ask for, and neither the document nor the SDK for Python has."""


class Operation(NamedTuple):
    """An operation of WorkOS's API."""

    path: str
    method: str
    summary: str
    is_described: bool
    """Whether the document has it; else only the SDKs do."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def section(self) -> str:
        found = _SECTION.match(self.path)
        assert found is not None
        return found[0]


@functools.cache
def known() -> tuple[Operation, ...]:
    """Give every operation, by path: those of the document, and those that only the SDKs have."""
    found = {
        (one.method.upper(), _PARAMETER.sub("{}", one.path)): Operation(
            one.path, one.method.upper(), one.content["summary"].strip(), is_described=True
        )
        for one in described()
    }
    of_node = (Operation(path, method, summary, is_described=False) for method, path, summary in _OF_NODE)
    for one in (*asked_by_the_sdk(), *of_node):
        found.setdefault((one.method, _PARAMETER.sub("{}", one.path)), one)
    return tuple(sorted(found.values()))


def asked_by_the_sdk() -> Iterator[Operation]:
    """Read the SDK's source: each of its requests names the method and the segments of the path."""
    for file in sorted(Path(sdk.__file__).parent.rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                yield from _requests(function)


def _requests(function: ast.FunctionDef) -> Iterator[Operation]:
    summary = (ast.get_docstring(function) or function.name).partition("\n")[0].rstrip(".")
    for call in ast.walk(function):
        given = {word.arg: word.value for word in call.keywords} if isinstance(call, ast.Call) else {}
        path, method = given.get("path"), given.get("method", ast.Constant("get"))
        if isinstance(path, ast.Tuple) and isinstance(method, ast.Constant):
            segments = [_segment(element) for element in path.elts]
            yield Operation("/" + "/".join(segments), str(method.value).upper(), summary, is_described=False)


def _segment(element: ast.expr) -> str:
    """Give a segment as it is, or the name of the argument that `str(…)`, or a function inside it, writes there."""
    if isinstance(element, ast.Constant):
        return str(element.value)
    return "{" + [node.id for node in ast.walk(element) if isinstance(node, ast.Name)][-1] + "}"


def is_emulated(app: Flask, operation: Operation) -> bool:
    """Say whether a route answers an operation."""
    try:
        app.url_map.bind("localhost").match(_PARAMETER.sub("x", operation.path), operation.method)
    except HTTPException:
        return False
    return True


def operations_text() -> str:
    """Give what the package keeps."""
    described = [f"{one.name}\t{one.summary}" for one in known() if one.is_described]
    newer = [f"{one.name}\t{one.summary}" for one in known() if not one.is_described]
    return "\n".join([_HEAD, *described, _NEWER, *newer, ""])


def emulated() -> list[tuple[str, str]]:
    """Give the method and path of each operation of the document that a route answers, without the document."""
    described = OPERATIONS.read_text(encoding="utf-8").partition(_NEWER)[0].splitlines()[1:]
    every = [
        Operation(path, method, "", is_described=True)
        for method, path in (line.split("\t")[0].split() for line in described)
    ]
    app = Workos().app
    return [(one.method, one.path) for one in every if is_emulated(app, one)]


def page_text() -> str:
    """Give the page."""
    app = Workos().app
    emulated = {one for one in known() if is_emulated(app, one)}
    return "\n".join([_INTRODUCTION, *_overview(emulated), "", *_sections(emulated)])


def _overview(emulated: set[Operation]) -> Iterator[str]:
    counts: defaultdict[str, list[bool]] = defaultdict(list)
    for one in known():
        if one.is_described:
            counts[one.section].append(one in emulated)
    yield "| operations of | in WorkOS's document | emulated |"
    yield "|---|---|---|"
    for section, answers in counts.items():
        yield f"| `{section}` | {len(answers)} | {sum(answers)} |"
    everything = [answer for answers in counts.values() for answer in answers]
    yield f"| all | {len(everything)} | {sum(everything)} |"


def _sections(emulated: set[Operation]) -> Iterator[str]:
    for section, found in groupby(known(), key=lambda one: one.section):
        yield f"## `{section}`\n"
        yield "| operation | what it does | emulated |"
        yield "|---|---|---|"
        for one in found:
            note = "" if one.is_described else ", not in the document"
            yield f"| `{one.name}` | {one.summary} | {'yes' if one in emulated else 'no'}{note} |"
        yield ""


_INTRODUCTION: Final = """\
# What of WorkOS's API is emulated

<!-- Made from WorkOS's OpenAPI document and the routes by `python -m tests.workos.api.coverage`. -->

WorkOS publishes an OpenAPI document, `@workos/openapi-spec`. This page holds the routes of the sandbox against it,
operation by operation. What is emulated answers as the document says; [who judges it](judges.md) tells how that is
known. What is not emulated answers 501, in the shape of WorkOS's errors, and names the operation; a path that is
none of WorkOS's answers 404. [workos/emulate](https://github.com/workos/emulate), WorkOS's own emulator, has more of
the API.

Some operations are not in the published document, as they are newer or older: WorkOS's SDKs ask for them, and nothing
but the SDKs judges them.
"""


if __name__ == "__main__":
    OPERATIONS.write_text(operations_text(), encoding="utf-8")
    PAGE.write_text(page_text(), encoding="utf-8")
