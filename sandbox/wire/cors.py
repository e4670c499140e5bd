"""What lets pages of other origins read the answers (Fetch Standard, CORS protocol), as browser-based clients need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sandbox.wire.asgi import Application, Receive, Scope, Send

EXPOSED: Final = ("WWW-Authenticate", "Mcp-Session-Id", "Mcp-Protocol-Version")
"""Headers of an answer that a page may read, besides the few that it always may."""


def shared(application: Application, wanted: Callable[[], bool]) -> Application:
    """Share an application with pages of other origins, while that is wanted; credentials are never shared."""
    sharing: list[Application] = []

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if not wanted() or not any(name == b"origin" for name, _ in scope["headers"]):
            await application(scope, receive, send)
            return
        if not sharing:
            sharing.append(_sharing(application))
        await sharing[0](scope, receive, send)

    return asgi


def _sharing(application: Application) -> Application:
    from starlette.middleware.cors import CORSMiddleware  # only a browser needs it

    return CORSMiddleware(
        application,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
