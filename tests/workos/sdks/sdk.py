"""An SDK of WorkOS as something that is asked: a call in, what it gave or what it raised out."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from workos import WorkOSClient

CLIENTS: Final = Path(".cache/clients")
_DRIVER: Final = Path(__file__).parent / "node.mjs"
_ALIASES: Final = {"mfa"}
"""Second names of areas of the SDK for Python."""


class Outcome(NamedTuple):
    """How a call ended, in JSON."""

    value: Any = None
    error: dict[str, Any] | None = None
    """`name` is the class; `status`, `code`, `message` and the like are what the error says."""


class Sdk(Protocol):
    """An SDK with a key."""

    def methods(self) -> list[str]:
        """Give all that it can do, as `area.method`."""

    def ask(self, call: str, given: Any, then: list[dict[str, Any]]) -> Outcome:
        """Call a method; `then` are calls, one after the other, of what came."""

    def anything(self, call: str) -> Any:
        """Give arguments for a method of which only the request matters."""


class Node:
    """The SDK for Node, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def methods(self) -> list[str]:
        return list(self._ask({"methods": True})["value"])

    def ask(self, call: str, given: Any, then: list[dict[str, Any]]) -> Outcome:
        return Outcome(**self._ask({"call": call, "with": given or [], "then": then}))

    def anything(self, call: str) -> Any:  # noqa: ARG002 - it is told from no signature
        return ["none", {}]

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


@contextmanager
def node(version: int, key: str, client_id: str, port: int) -> Iterator[Node]:
    """Run the SDK for Node; its version 11 wants Node 22."""
    program = CLIENTS / "node-22/node_modules/node/bin/node"
    given = [str(program), str(_DRIVER), str((CLIENTS / f"workos-node-{version}").resolve()), key, client_id, str(port)]
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            yield Node(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


class Python:
    """The SDK for Python."""

    def __init__(self, key: str, client_id: str, address: str) -> None:
        self._client = WorkOSClient(api_key=key, client_id=client_id, base_url=address)

    def close(self) -> None:
        self._client.close()

    def methods(self) -> list[str]:
        areas = {
            name: getattr(self._client, name)
            for name, member in inspect.getmembers(type(self._client))
            if isinstance(member, property | functools.cached_property) and not name.startswith("_")
        }
        return [
            f"{area}.{name}"
            for area, value in areas.items()
            if type(value).__module__.startswith("workos.") and area not in _ALIASES
            for name, member in inspect.getmembers(type(value), inspect.isfunction)
            if not name.startswith("_")
        ]

    def ask(self, call: str, given: Any, then: list[dict[str, Any]]) -> Outcome:
        area, method = call.split(".")
        try:
            at = getattr(self._client, area, None) or importlib.import_module(f"workos.{area}")
            value = getattr(at, method)(**{name: _modelled(area, one) for name, one in (given or {}).items()})
            for step in then:
                value = getattr(value, step["call"])(**step.get("with", {}))
            return Outcome(_json(value))
        except Exception as error:  # noqa: BLE001 - whatever an SDK raises is its outcome
            return Outcome(error={"name": type(error).__name__, "message": str(error)} | _error(error))

    def anything(self, call: str) -> Any:
        area, method = call.split(".")
        given = inspect.signature(getattr(getattr(self._client, area), method)).parameters.values()
        return {one.name: "none" for one in given if one.default is one.empty}


def _modelled(area: str, given: Any) -> Any:
    """Give an argument as it is; one with the name of a `model`, as that."""
    if not isinstance(given, dict) or "model" not in given:
        return given
    fields = {name: value for name, value in given.items() if name != "model"}
    return getattr(importlib.import_module(f"workos.{area}.models"), given["model"])(**fields)


def _error(error: Exception) -> dict[str, Any]:
    wanted = ("status_code", "code", "error", "error_description", "errors", "request_id", "response_json")
    told = {name: getattr(error, name, None) for name in wanted}
    return told | {"status": told["status_code"], "rawData": told["response_json"]}


def _json(value: Any) -> Any:
    """Give a value of the SDK for Python as JSON has it; what is of no use there as text."""
    if hasattr(value, "data") and hasattr(value, "list_metadata"):
        return {"data": _json(value.data), "list_metadata": _json(vars_of(value.list_metadata))}
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {name: _json(inner) for name, inner in vars_of(value).items()} or str(value)


def vars_of(value: Any) -> dict[str, Any]:
    """Give the public attributes of a value."""
    names = getattr(type(value), "__dataclass_fields__", None) or getattr(value, "__dict__", {})
    return {name: getattr(value, name) for name in names if not name.startswith("_")}
