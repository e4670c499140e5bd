"""The smallest program around the MCP Python SDK's OAuth client: connect, list the tools, call one.

`python -m sandbox.clients.journeys.python_sdk URL [--again | --race]` opens `$BROWSER` to sign in; with `--again` it
lets its token run out and calls the tool once more; with `--race` two windows do so that share what is stored. It exits
with 0 when all of that worked, and with 1 and the error when not.
"""

from __future__ import annotations

import asyncio
import sys
import time
import webbrowser
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

TOOL, ARGUMENTS = "search_logs", {"query": "call-me-back"}


@dataclass
class Storage:
    """What the client keeps between two runs."""

    tokens: OAuthToken | None = None
    client_info: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Give the tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Give the registration."""
        return self.client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.client_info = client_info


@dataclass
class Callback:
    """The loopback address to which the browser is sent back (RFC 8252, section 7.3)."""

    port: int = 0
    came: asyncio.Queue[dict[str, str]] = field(default_factory=asyncio.Queue)
    """The fields of each return of the browser, until somebody has read them."""

    @property
    def redirect_uri(self) -> str:
        """The URI that is registered."""
        return f"http://localhost:{self.port}/callback"


@asynccontextmanager
async def listening() -> AsyncIterator[Callback]:
    """Listen for the redirect back, on any free port."""
    callback = Callback()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        callback.came.put_nowait(dict(parse_qsl(urlsplit(target).query)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nDone")
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    callback.port = server.sockets[0].getsockname()[1]
    try:
        yield callback
    finally:
        server.close()


@dataclass
class Window:
    """One window of the client, connected."""

    client: Client
    provider: OAuthClientProvider

    async def comes_back(self) -> None:
        """Call the tool once more, after the token has run out by the client's own clock: by that it refreshes."""
        self.provider.context.token_expiry_time = time.time() - 1
        await called(self.client)


@asynccontextmanager
async def window(url: str, storage: Storage) -> AsyncIterator[Window]:
    """Connect to an MCP server; raise what the SDK raises."""
    async with listening() as callback:

        async def open_browser(authorization_url: str) -> None:
            await asyncio.to_thread(webbrowser.open, authorization_url)

        async def wait_for_callback() -> AuthorizationCodeResult:
            fields = await callback.came.get()
            return AuthorizationCodeResult(
                code=fields.get("code", ""), state=fields.get("state"), iss=fields.get("iss")
            )

        metadata = OAuthClientMetadata.model_validate(
            {"client_name": "MCP Python SDK", "redirect_uris": [callback.redirect_uri]}
        )
        provider = OAuthClientProvider(url, metadata, storage, open_browser, wait_for_callback)
        async with (
            httpx2.AsyncClient(auth=provider, timeout=30) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            yield Window(client, provider)


async def journey(url: str, *, again: bool) -> str:
    """Connect to an MCP server and use it; say how it went, and raise what the SDK raises."""
    async with window(url, Storage()) as one:
        tools = (await one.client.list_tools()).tools
        await called(one.client)
        if again:
            await one.comes_back()
        return f"Connected: {len(tools)} tools, {TOOL} answered{' twice' if again else ''}."


async def race(url: str) -> str:
    """Let two windows that share what is stored refresh, one after the other, each with the token it has read."""
    storage = Storage()
    async with window(url, storage) as one:
        await called(one.client)
        shared = Storage(storage.tokens, storage.client_info)
        async with window(url, shared) as other:
            # A window that found tokens has not looked for the authorization server; it knows where it is.
            other.provider.context.oauth_metadata = one.provider.context.oauth_metadata
            for each in (one, other):
                await each.comes_back()
            return "Two windows refreshed with the same token, one after the other."


async def called(client: Client) -> None:
    """Call the tool; raise RuntimeError with what it says when it fails."""
    result = await client.call_tool(TOOL, ARGUMENTS)
    if result.is_error:
        raise RuntimeError(" ".join(getattr(part, "text", "") for part in result.content))


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Give the errors that a group of errors holds."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def main() -> int:
    """Go, and print how it went."""
    url, *options = sys.argv[1:]
    try:
        going = race(url) if "--race" in options else journey(url, again="--again" in options)
        print(asyncio.run(going))  # noqa: T201 - that is what it is for
    except Exception as failed:  # noqa: BLE001 - whatever the SDK raises is what is asked for
        for error in leaves(failed):
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
