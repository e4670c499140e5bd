"""What both systems publish in a world, and what a change of its settings changes in that."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sandbox.flow import Step
from sandbox.log_aggregator import guard, legacy
from sandbox.wire.message import Response
from sandbox.workos.metadata import authorization_server, documents
from sandbox.world import World, placed, placeholder_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.sandbox import Sandbox

NOT_THERE: Final = ("HTTP 404",)
"""What is answered where nothing is published."""


class Place(NamedTuple):
    """Where something is published."""

    step: Step
    url: str


class Difference(NamedTuple):
    """What differs at one place: lines that begin with `-` or `+`."""

    step: Step
    url: str
    lines: tuple[str, ...]


def published(sandbox: Sandbox, written: World) -> dict[Place, tuple[str, ...]]:
    """Give what a client reads before it has a token, in lines: the 401, and every metadata document.

    It is what both systems answer; a fault that edits it on the wire is not in it.
    """
    addresses = sandbox.addresses.over(written.tls)
    world = placed(written, addresses)
    values = placeholder_values(world, addresses)
    server = replace(sandbox.authkit, settings=world.workos, origin=addresses.workos, issuer=values["issuer"])
    said: dict[Place, tuple[str, ...]] = {}
    for path, make in documents(server).items():
        said[Place("server-metadata", server.domain + path)] = _fields(make(server))
    service, resource = world.service, values["resource"]
    if service.url is None:
        first = ("HTTP 200",) if service.visibility == "public" else _answer(guard.challenge(service, addresses))
        said[Place("challenge", values["mcp_url"])] = first
        for path in sorted(guard.metadata_paths(service)):
            said[Place("resource-metadata", addresses.mcp + path)] = _fields(guard.resource_metadata(service, resource))
        if service.authorization == "here":
            own = legacy.metadata(authorization_server(server), addresses.mcp)
            said[Place("server-metadata", addresses.mcp + legacy.METADATA)] = _fields(own)
    return said


def _fields(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in document.items())


def _answer(response: Response) -> tuple[str, ...]:
    header = response.header("www-authenticate")
    said = () if header is None else (f"WWW-Authenticate: {header}",)
    return (f"HTTP {response.status}", *said, response.body.decode())


def differences(
    before: Mapping[Place, tuple[str, ...]], after: Mapping[Place, tuple[str, ...]]
) -> tuple[Difference, ...]:
    """Say what differs, place by place; what is published at one side alone is a 404 at the other."""
    return tuple(
        Difference(place.step, place.url, lines)
        for place in dict.fromkeys((*before, *after))
        if (lines := tuple(_lines(before.get(place), after.get(place))))
    )


def _lines(before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> Iterator[str]:
    if before is None or after is None:
        there = f"HTTP 200, {len(before or after or ())} fields"
        yield "- " + (NOT_THERE[0] if before is None else there)
        yield "+ " + (NOT_THERE[0] if after is None else there)
        return
    for line in list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield f"{line[0]} {line[1:]}"
