"""The check of Host and Origin that stops DNS rebinding and cross-site requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Final
from urllib.parse import urlsplit

from sandbox.wire.asgi import Application, Receive, Scope, Send, send_response
from sandbox.wire.message import Response, json_response

_HOST: Final = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?", re.ASCII)

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")

HostCheck = Callable[[Scope], Response | None]


def own_names_only(port: int, host: str = "localhost", *, own_origin: bool) -> HostCheck:
    """Make the check of Host and Origin that stops DNS rebinding and cross-site requests.

    `host` is what the sandbox's URLs call this machine. A Host that is neither that nor a loopback name, with this
    port, gets 421 (RFC 9110, section 15.5.20). An Origin of another host gets 403 (MCP, Streamable HTTP, security
    warning); with `own_origin` it must be this very server's.
    """
    names = {f"{name}:{port}" for name in (*_LOOPBACK, host)}
    machine = {name.strip("[]") for name in (*_LOOPBACK, host)}

    def check(scope: Scope) -> Response | None:
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in names:
            said = " and ".join(map(repr, hosts)) or "no host"
            return json_response(
                421, {"error": f"Misdirected request: the sandbox answers to {host}:{port}, not to {said}."}
            )
        for origin in _values(scope, b"origin"):
            if not (_own(origin, names) if own_origin else _of(origin, machine)):
                return json_response(403, {"error": f"Forbidden origin: {origin!r} is not this machine's."})
        return None

    return check


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _own(origin: str, names: Container[str]) -> bool:
    return origin.lower().removeprefix("http://") in names


def _of(origin: str, machine: Container[str | None]) -> bool:
    try:
        return urlsplit(origin).hostname in machine
    except ValueError:
        return False


def base_of(scope: Scope) -> str:
    """Give the address by which a server was asked: its Host, checked by `guarded` before."""
    host = next(iter(_values(scope, b"host")), "")
    base = f"{scope['scheme']}://{host}"
    try:
        good = _HOST.fullmatch(host) is not None and urlsplit(base).port != 0
    except ValueError:  # a port over 65535, or brackets around what is no address
        good = False
    return base if good else f"{scope['scheme']}://localhost"


def guarded(application: Application, check: HostCheck | None) -> Application:
    """Let only requests through that the check has nothing against."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = check(scope) if check is not None and scope["type"] == "http" else None
        if refusal is None:
            await application(scope, receive, send)
        else:
            await send_response(refusal, send)

    return asgi
