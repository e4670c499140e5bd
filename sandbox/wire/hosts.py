"""The check of Host and Origin that stops DNS rebinding and cross-site requests."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from sandbox.wire.asgi import Application, Receive, Scope, Send, send_response
from sandbox.wire.message import Response, json_response

HostCheck = Callable[[Scope], Response | None]


def loopback_only(port: int, *, own_origin: bool) -> HostCheck:
    """Make the check of Host and Origin that stops DNS rebinding and cross-site requests.

    A Host that is not a loopback name with this port gets 421 (RFC 9110, section 15.5.20). An Origin that is not
    loopback gets 403 (MCP, Streamable HTTP, security warning); with `own_origin` it must be this very server's.
    """

    def check(scope: Scope) -> Response | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        names = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        host = headers.get(b"host", "")
        if host.lower() not in names:
            return json_response(
                421, {"error": f"Misdirected request: the sandbox answers to localhost, not to {host!r}."}
            )
        origin = headers.get(b"origin")
        if origin is None:
            return None
        parts = urlsplit(origin)
        loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if not loopback or (own_origin and parts.netloc.lower() not in names):
            return json_response(403, {"error": f"Forbidden origin: {origin!r} is not this machine's."})
        return None

    return check


def base_of(scope: Scope) -> str:
    """Give the address by which a server was asked; the Host has been checked by then."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    return f"{scope['scheme']}://{host}"


def guarded(application: Application, check: HostCheck) -> Application:
    """Let only requests through that the check has nothing against."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = check(scope) if scope["type"] == "http" else None
        if refusal is None:
            await application(scope, receive, send)
        else:
            await send_response(refusal, send)

    return asgi
