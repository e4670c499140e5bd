"""What lets pages of other origins read the answers (Fetch Standard, CORS protocol), as browser-based clients need."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sandbox.wire.asgi import Application, Receive, Scope, Send
from sandbox.wire.message import Request

EXPOSED: Final = ("WWW-Authenticate", "Mcp-Session-Id", "Mcp-Protocol-Version")
"""Headers of an answer that a page may read, besides the few that it always may."""

_ORIGINS: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""Only pages of this machine, whoever else reaches the sandbox."""
_FOR_PEOPLE: Final = re.compile(
    r"/oauth2/(authorize|continue|sign-in|organization|consent|device|error)\Z|/invite\Z|/reset-password\Z"
)
"""The pages of WorkOS, which a browser opens and no other page reads."""


def is_preflight(request: Request) -> bool:
    """Say whether a browser asks by itself what a page may do."""
    return request.method == "OPTIONS" and request.header("access-control-request-method") is not None


def shared(application: Application, wanted: Callable[[str], bool]) -> Application:
    """Share an application with pages of the origins that are wanted; credentials are never shared."""
    sharing: list[Application] = []

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)
        if origin is None or not wanted(origin) or _FOR_PEOPLE.match(scope["path"]):
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
        allow_origin_regex=_ORIGINS,
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
