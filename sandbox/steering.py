"""Asking the running sandbox, over its control API."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.errors import SandboxError

RUNNING: Final = "running.json"
"""The file of the state directory that says where the running sandbox is."""

_REFUSALS: Final = frozenset({400, 403, 421})
"""What a console answers to a request that it understood and does not grant."""

_FAILED: Final = 500

_PATIENCE: Final = 5.0
"""How many seconds a console may take to answer."""


def console_of(state_dir: Path) -> str:
    """Give the console's address of the sandbox that keeps its state there; raise SandboxError when none runs."""
    try:
        console = json.loads((state_dir / RUNNING).read_bytes())["console"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SandboxError("No sandbox is running here. Start one with `sandbox up`, or name its --console.") from error
    return str(console)


def running_in(state_dir: Path) -> str | None:
    """Give the console's address of the sandbox that runs from this directory; None where none answers."""
    with contextlib.suppress(SandboxError):
        console = console_of(state_dir)
        ask("GET", "/api/scenario", None, console=console, state_dir=state_dir)
        return console
    return None


def ask(method: str, path: str, body: Any, *, console: str | None, state_dir: Path) -> dict[str, Any]:
    """Send a request to the control API and give its answer: the scenario that runs then.

    Raise SandboxError with what the sandbox refused, or when none answers there.
    """
    base = (console_of(state_dir) if console is None else _checked(console)).rstrip("/")
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(  # noqa: S310 - the scheme has been checked
        base + path, data=data, method=method, headers={"Content-Type": "application/json"}
    )
    try:
        with opener.open(request, timeout=_PATIENCE) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        raise SandboxError(_refusal(base, error)) from error
    except (ValueError, http.client.HTTPException) as error:
        raise SandboxError(_no_sandbox(base)) from error
    except OSError as error:
        raise SandboxError(f"No sandbox answers at {base}: {_reason(error)}. Start one with `sandbox up`.") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
        raise SandboxError(_no_sandbox(base))
    return answer


def _checked(console: str) -> str:
    """Give the URL that a person named; raise SandboxError when it is none."""
    try:
        parts = urlsplit(console)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not console.isprintable() or " " in console:
        raise SandboxError(f"{console!r} is no address of a console. One looks like http://localhost:4102.")
    return console


def _reason(error: OSError) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {_PATIENCE:.0f} s"
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause)


def _no_sandbox(base: str) -> str:
    return f"What answers at {base} is no sandbox's console. `sandbox up` prints the console's address."


def _refusal(base: str, error: urllib.error.HTTPError) -> str:
    if error.code in _REFUSALS:
        try:
            return str(json.load(error)["error"])
        except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
            pass
    return f"What answers at {base} failed: HTTP {error.code}." if error.code >= _FAILED else _no_sandbox(base)
