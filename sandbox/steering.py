"""Asking the running sandbox, over its control API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

from sandbox.errors import SandboxError

RUNNING: Final = "running.json"
"""The file of the state directory that says where the running sandbox is."""


def console_of(state_dir: Path) -> str:
    """Give the console's address of the sandbox that keeps its state there; raise SandboxError when none runs."""
    try:
        console = json.loads((state_dir / RUNNING).read_text())["console"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SandboxError("No sandbox is running here. Start one with `sandbox up`, or name its --console.") from error
    return str(console)


def ask(method: str, path: str, body: Any, *, console: str | None, state_dir: Path) -> dict[str, Any]:
    """Send a request to the control API and give its answer; raise SandboxError with what it refused."""
    base = (console or console_of(state_dir)).rstrip("/")
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by the opener's handlers
            base + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with opener.open(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        raise SandboxError(_refusal(error)) from error
    except (OSError, ValueError) as error:
        raise SandboxError(f"No sandbox answers at {base}: {error}. Start one with `sandbox up`.") from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the sandbox answered {error.code}"
