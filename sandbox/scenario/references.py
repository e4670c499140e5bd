"""What the settings of a scenario name, and is not there: an organization, a role; and what is there twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sandbox.scenario.wording import Path, choice, quoted
from sandbox.settings import WorkOS

_KEYS: Final = (("users", "id"), ("users", "email"), ("organizations", "id"), ("connections", "id"))
"""What tells one from another. An application's `client_id` may be a second one's, as clients meet that."""


def loose(named: Mapping[str, Any], workos: WorkOS) -> Iterator[tuple[Path, str]]:
    """Give what is wrong with the references of the settings that a scenario names, each with its path.

    What the scenario leaves as it is, is not looked at: whoever replaces the organizations may leave the users alone.
    """
    known = {"organization": [each.id for each in workos.organizations], "role": list(workos.roles)}
    for path, name in _references(workos):
        kind = str(path[-1])
        if path[0] in named and name not in known[kind]:
            allowed = choice(name, known[kind]) if known[kind] else " There is none."
            yield path, f"is {quoted(name)}, and there is no such {kind}.{allowed}"
    for setting, key in _KEYS:
        seen: set[str] = set()
        for index, each in enumerate(getattr(workos, setting) if setting in named else ()):
            value = getattr(each, key).strip().casefold()
            if not value:
                yield (setting, index, key), "is an empty text. Say what it is."
            if value in seen:
                yield (setting, index, key), f"is {quoted(getattr(each, key))}, as is that of another."
            seen.add(value)


def _references(workos: WorkOS) -> Iterator[tuple[Path, str]]:
    for index, user in enumerate(workos.users):
        for place, membership in enumerate(user.memberships):
            path: Path = ("users", index, "memberships", place)
            yield (*path, "organization"), membership.organization
            yield (*path, "role"), membership.role
    for setting in ("connections", "applications"):
        for index, each in enumerate(getattr(workos, setting)):
            if each.organization is not None:
                yield (setting, index, "organization"), each.organization
