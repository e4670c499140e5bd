"""One request, sent to an address that was judged, and the answer read as far as the bounds allow."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx2

from sandbox.outside.addresses import Address, Target
from sandbox.wire.message import Request, Response

Failure = Literal["refused", "unresolved", "unreachable", "tls", "late", "dropped", "cut", "limit"]
"""Why there is no whole answer: not asked; no address; no connection; no trust; no time; broken off; enough asked."""

_NEAR: Final = 64 * 1024
"""How far back the end of an event is looked for."""

Until = Callable[[bytes], bool]
"""Says of the beginning of an event stream whether it is enough."""


@dataclass
class Arriving:
    """What of an answer has arrived so far."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)
    is_whole: bool = True
    certificate: dict[str, Any] | None = None
    """The certificate that the host showed, as `ssl` gives it."""

    def response(self, limit: int) -> Response | None:
        """Give what has arrived as a response, unpacked up to a limit; None when no status has."""
        if not self.status:
            return None
        plain = Response(self.status, self.headers, bytes(self.body))
        return Response(self.status, self.headers, _unpacked(plain, limit))


def client(connect_seconds: float, trusted: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """Make what connects: no proxy, and a connection for each request, as names may share an address.

    `trusted` says which certificates are, by default what the machine says.
    """
    return httpx2.AsyncClient(
        verify=trusted or ssl.create_default_context(),
        trust_env=False,
        timeout=httpx2.Timeout(None, connect=connect_seconds),
        limits=httpx2.Limits(max_keepalive_connections=0),
    )


class Sending:
    """A request on its way; `arriving` holds what has come, whatever stops it."""

    def __init__(
        self, http: httpx2.AsyncClient, target: Target, request: Request, until: Until | None, body: int
    ) -> None:
        self.arriving = Arriving()
        self._http, self._target, self._request, self._until, self._body = http, target, request, until, body

    async def sent(self, seconds: float) -> tuple[Failure | None, str]:
        """Send it to the first address that takes the connection; say what stood in the way."""
        found: tuple[Failure | None, str] = ("unreachable", "no connection")
        try:
            async with asyncio.timeout(seconds):
                for address in self._target.addresses:
                    found = await self._connected(address)
                    if found[0] != "unreachable":
                        break
        except TimeoutError:
            return "late", f"no whole answer within {seconds:.0f} s"
        if found[0] == "dropped" and self.arriving.status:
            return "cut", found[1]
        return found

    async def _connected(self, address: Address) -> tuple[Failure | None, str]:
        request, arriving = self._request, self.arriving
        try:
            async with self._http.stream(
                request.method,
                self._target.at(address),
                headers=list(request.headers),
                content=request.body or None,
                extensions={"sni_hostname": self._target.host},
            ) as response:
                arriving.certificate = _certificate(self._target, response)
                arriving.status = response.status_code
                arriving.headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
                return await self._read(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            return _unconnected(error)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            return "dropped", f"the connection broke off: {_reason(error)}"

    async def _read(self, response: httpx2.Response) -> tuple[Failure | None, str]:
        arriving = self.arriving
        is_stream = response.headers.get("content-type", "").lower().startswith("text/event-stream")
        arriving.is_whole = False
        read = 0
        async for chunk in response.aiter_raw():
            await asyncio.sleep(0)  # so that time limits hold, however small the pieces are
            room = self._body - len(arriving.body)
            arriving.body += chunk[:room]
            if len(chunk) > room:
                return None, f"more than {self._body // 1024} KiB, the rest was not read"
            if is_stream and self._until is not None and (end := _end_of_event(arriving.body, read)) > read:
                if self._until(bytes(arriving.body[read:end])):
                    return None, ""
                read = end
        arriving.is_whole = True
        return None, ""


def _end_of_event(body: bytearray, start: int) -> int:
    """Give where the last whole event ends that began after `start`."""
    near = max(start, len(body) - _NEAR)
    return max((at + len(end) for end in (b"\n\n", b"\r\n\r\n") if (at := body.rfind(end, near)) >= 0), default=start)


def _certificate(target: Target, response: httpx2.Response) -> dict[str, Any] | None:
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None and target.scheme == "https" else None
    return None if tls is None else {**(tls.getpeercert() or {}), "spoken": tls.version()}


def _unconnected(error: Exception) -> tuple[Failure, str]:
    """Tell no connection from one whose other end is not trusted."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls", f"the certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "tls", f"no TLS there: {cause.reason or cause}"
        cause = cause.__cause__ or cause.__context__
    return "unreachable", f"no connection: {_reason(error)}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _unpacked(response: Response, limit: int) -> bytes:
    """Unpack a body that was packed although nobody asked for that, up to a limit."""
    coding = (response.header("content-encoding") or "").strip().lower()
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return response.body
    try:
        return zlib.decompressobj(wbits=47).decompress(response.body, limit)
    except zlib.error:
        return response.body
