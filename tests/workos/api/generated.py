"""Requests that schemathesis makes from WorkOS's document, some of them with ids and values that the world knows."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from requests import Session
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.workos.api.calls import BEN, KEY, NOTEBOOKS
from tests.workos.api.document import ANYWHERE, MESSAGE, METHODS, document

Ids = Mapping[str, str]
"""An id of each kind, by the segment of the path that it follows: `users`, `invitations`."""

CLIENT: Final = "client_01SANDB0XENV1R0NMENT0000000"
EMAIL: Final = "ben@nearby-notebooks.example"
APPLICATION: Final = {"name": "Made", "application_type": "m2m", "organization_id": NOTEBOOKS}
MADE: Final[tuple[tuple[str, str, str, Any], ...]] = (
    ("organization_domains", "POST", "/organization_domains", {"domain": "new.example", "organization_id": NOTEBOOKS}),
    ("organization_memberships", "GET", f"/user_management/organization_memberships?user_id={BEN}", None),
    ("invitations", "POST", "/user_management/invitations", {"email": "new@nearby-notebooks.example"}),
    ("magic_auth", "POST", "/user_management/magic_auth", {"email": EMAIL}),
    ("password_reset", "POST", "/user_management/password_reset", {"email": EMAIL}),
    ("applications", "POST", "/connect/applications", APPLICATION),
    ("client_secrets", "POST", "/connect/applications/{applications}/client_secrets", {}),
    ("connections", "GET", "/connections", None),
    ("redirect_uris", "POST", "/user_management/redirect_uris", {"uri": "http://localhost:3000/callback"}),
)
"""What is made or read over the API for an id of its kind: the kind, the method, the path, the body."""

SEEDED: Final = {"organizations": NOTEBOOKS, "users": BEN, "jwks": CLIENT}
KNOWN: Final[dict[str, Any]] = {
    "organization_id": NOTEBOOKS,
    "user_id": BEN,
    "client_id": CLIENT,
    "redirect_uri": "http://localhost:3000/callback",
    "email": EMAIL,
    "code": "424242",
    "organization": NOTEBOOKS,
    "provider": "authkit",
    "domain": "nearby-notebooks.example",
    "limit": 1,
}
"""Values of the world, by the parameter or the field that they fit."""


@functools.cache
def schema() -> OpenApiSchema:
    """Read the document, with the refusals that any operation may give."""
    described = copy.deepcopy(document())
    refusal = {"description": "A refusal", "content": {"application/json": {"schema": MESSAGE}}}
    for methods in described["paths"].values():
        for method in METHODS:
            for status in ANYWHERE - {501} if method in methods else ():
                methods[method]["responses"].setdefault(str(status), refusal)
    return schemathesis.openapi.from_dict(described)


def session() -> Session:
    """Make a client with a good API key, which follows no redirect out of the sandbox."""
    made = Session()
    made.trust_env = False
    made.headers["Authorization"] = f"Bearer {KEY}"
    return made


def ids(ask: Callable[[str, str, Any], Any]) -> Ids:
    """Make what has to be made, and give an id of each kind; `ask` sends a request and gives the JSON of the answer."""
    found = dict(SEEDED)
    for kind, method, path, body in MADE:
        content = ask(method, path.format_map(found), body)
        found[kind] = (content["data"][0] if "data" in content else content)["id"]
    return found


def placed(path: str, known: Ids) -> str:
    """Give a path of the document with what is known in the place of its parameters."""
    segments = path.split("/")
    return "/".join(
        known.get(before, "none") if segment.startswith("{") else segment
        for before, segment in zip(["", *segments], segments, strict=False)
    )


@st.composite
def cases(draw: st.DrawFn, method: str, path: str, known: Ids) -> schemathesis.Case[Any]:
    """Give a request of an operation: as the document has it or not, with what the world knows or not."""
    operation = schema()[path][method]
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = draw(operation.as_strategy(mode))
    segments = path.split("/")
    for before, segment in itertools.pairwise(segments):
        if segment.startswith("{") and before in known and draw(st.integers(0, 3)):
            case.path_parameters[segment[1:-1]] = known[before]
    parts: list[Any] = [case.query, case.body]
    for part in (part for part in parts if isinstance(part, dict)):
        part.update({name: value for name, value in KNOWN.items() if name in part and draw(st.booleans())})
    return case
