"""Fetching a client's own document, before WorkOS is asked anything about that client.

WorkOS's handlers never wait. So this stands before them, at the ASGI edge, where waiting costs nothing: it looks for
the client id in the request, reads the document where that is due, and only then lets the request through.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus, urlsplit

from sandbox.outside.addresses import (
    RefusedError,
    Resolve,
    Target,
    addresses_of,
    checked,
    objection,
    resolved,
)
from sandbox.wire import outgoing
from sandbox.wire.asgi import Application, LeftError, Receive, Scope, Send, read_request, replayed, start_of
from sandbox.wire.message import Request, Response
from sandbox.wire.wire import Wire
from sandbox.workos.authkit import AuthKit
from sandbox.workos.client_documents import (
    LIMIT,
    DocumentError,
    client_of,
    looks_like_document,
    seconds_kept,
    why_no_client_id,
)
from sandbox.workos.redirects import is_loopback

if TYPE_CHECKING:
    from sandbox.outside.sending import Sending

USER_AGENT: Final = "workos-sandbox"
"""With which WorkOS asks for documents; the real one's is UNCERTAIN."""

PATIENCE: Final = 5.0
"""Seconds that a document may take, from connecting to its last byte."""

_CONNECT: Final = 3.0

_TO_GO_OUT: Final = "(workos.documents_fetched: anywhere lets it go out)"

ASKED_AT: Final = frozenset(
    {"/oauth2/authorize", "/oauth2/token", "/oauth2/device_authorization", "/oauth2/introspection"}
)
"""Where a client says who it is; nowhere else is a document read because a stranger named it."""


class DocumentReading:
    """Reads the documents of clients, each once at a time.

    `is_at_home` says whether only this machine can reach the sandbox; then documents may be on this machine too, also
    by plain http (the draft allows loopback addresses to a server that is at one itself, section 6.5).
    """

    def __init__(
        self,
        server: AuthKit,
        wire: Wire,
        trusted: Callable[[], Awaitable[ssl.SSLContext]],
        *,
        is_at_home: bool,
        resolve: Resolve = resolved,
    ) -> None:
        self._server, self._wire, self._trusted = server, wire, trusted
        self._is_at_home, self._resolve = is_at_home, resolve
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._context: ssl.SSLContext | None = None

    def before(self, application: Application) -> Application:
        """Make an application that reads a client's document where that is due, and then asks this one."""

        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                request = await read_request(scope, receive)
            except LeftError:
                return
            url = named(request)
            if url is not None:
                await self._read_in_time(url)
            await application(scope, replayed(request, receive), send)

        return asgi

    async def stop(self) -> None:
        """Read no further."""
        reading = list(self._reading.values())
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    async def _read_in_time(self, url: str) -> None:
        server = self._server
        if not server.settings.client_id_metadata_document or not server.documents.is_due(url, server.now()):
            return
        if url not in self._reading:
            task = asyncio.ensure_future(self._read(url))
            self._reading[url] = task
            task.add_done_callback(lambda _: self._reading.pop(url, None))
        await asyncio.shield(self._reading[url])

    async def _read(self, url: str) -> None:
        """Read a document, and remember what it says or why it cannot be used."""
        documents = self._server.documents
        try:
            response = await self._answer(await self._target(url))
            documents.keep(url, client_of(url, response), self._server.now() + seconds_kept(response))
        except DocumentError as error:
            documents.fail(url, str(error))

    async def _target(self, url: str) -> Target:
        """Give where a document is; raise DocumentError where no document may be."""
        why = why_no_client_id(url)
        if why is not None:
            raise DocumentError(why)
        try:
            host = checked(url)
        except RefusedError as error:
            raise DocumentError(str(error)) from error
        if self._server.settings.documents_fetched == "local" and not is_loopback(url):
            raise DocumentError(f"{host} is another machine, and this sandbox stays on its own {_TO_GO_OUT}")
        addresses = await addresses_of(host, self._resolve)
        if not addresses:
            raise DocumentError(f"no address found for {host}")
        why = objection(host, addresses, at_home=self._is_at_home)
        if why is not None:
            raise DocumentError(why)
        if urlsplit(url).scheme == "http" and not all(address.is_loopback for address in addresses):
            raise DocumentError("it must be at https, unless it is on this machine")
        return Target(url, addresses)

    async def _answer(self, target: Target) -> Response:
        """Ask for a document, through the wire; raise DocumentError where no whole answer comes."""
        headers = {"host": target.authority, "user-agent": USER_AGENT, "accept": "application/json"}
        request = Request("GET", target.path, target.query, tuple(headers.items()))
        words = "no whole answer came"

        async def asking(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal words
            words = await self._sent(target, request, scope, receive, send) or words

        response = await outgoing.ask(self._wire, request, target.base, asking, PATIENCE)
        if response is None:
            raise DocumentError(words)
        return response

    async def _sent(self, target: Target, request: Request, scope: Scope, receive: Receive, send: Send) -> str:
        """Send the request to its host, and pass on what comes; give what stood in the way, in words."""
        await receive()  # the request itself
        outside = await asyncio.to_thread(importlib.import_module, "sandbox.outside.sending")
        async with outside.client(_CONNECT, await self._trust(target)) as http:
            sending: Sending = outside.Sending(http, target, request, None, LIMIT)
            sent = asyncio.ensure_future(sending.sent(PATIENCE))
            left = asyncio.ensure_future(receive())
            await asyncio.wait({sent, left}, return_when=asyncio.FIRST_COMPLETED)
            for task in (sent, left):
                task.cancel()
            await asyncio.gather(sent, left, return_exceptions=True)
        failure, words = sent.result() if not sent.cancelled() else ("late", "")
        response = sending.arriving.response(LIMIT)
        if response is None:
            scope["state"]["transport"].abort()
            return words
        await send(start_of(response))
        is_whole = failure is None and sending.arriving.is_whole
        await send({"type": "http.response.body", "body": response.body, "more_body": not is_whole})
        return words

    async def _trust(self, target: Target) -> ssl.SSLContext:
        """Say which certificates are trusted; without TLS there is nothing to trust."""
        if target.scheme != "https":
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self._context is None:
            self._context = await self._trusted()
        return self._context


def named(request: Request) -> str | None:
    """Give the client id of a request where it is the URL of a document: in its fields, or in HTTP Basic."""
    if request.plain_path not in ASKED_AT:
        return None
    client_id = request.form.get("client_id") or _basic_user(request.header("authorization") or "")
    return client_id if looks_like_document(client_id) else None


def _basic_user(value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return unquote_plus(base64.b64decode(credentials).decode().partition(":")[0])
    except ValueError:
        return ""
