"""HTTPS for the ports: certificates of a private CA that is made when first needed, and of one that nobody knows."""

from __future__ import annotations

import asyncio
import functools
import ssl
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import trustme

Setting = Literal["off", "on", "untrusted"]
NAMES = ("localhost", "127.0.0.1", "::1")


class Certificates:
    """The sandbox's own CA, another that nobody is told about, and a server's certificate of each."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def close(self) -> None:
        """Remove the file, if there is one."""
        self._open.close()

    @functools.cached_property
    def authority(self) -> trustme.CA:
        """The CA of `on`; clients may be told to trust it."""
        import trustme

        return trustme.CA(organization_name="The sandbox's own CA")

    @functools.cached_property
    def _stranger(self) -> trustme.CA:
        import trustme

        return trustme.CA(organization_name="A CA that nobody knows")

    def pem(self) -> bytes:
        """Give the certificate of the sandbox's CA, for a client's list of trusted ones."""
        certificate: bytes = self.authority.cert_pem.bytes()
        return certificate

    @functools.cached_property
    def file(self) -> Path:
        """The certificate of the sandbox's CA as a file, which is there until `close`."""
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
        file = Path(folder, "ca.pem")
        file.write_bytes(self.pem())
        return file

    @functools.cache  # noqa: B019 - as long as the sandbox, and so that one setting is always one context
    def server_context(self, setting: Setting, _port: str = "") -> ssl.SSLContext | None:
        """Give what a port needs to speak as the setting says, each its own; None for plain HTTP."""
        if setting == "off":
            return None
        authority = self.authority if setting == "on" else self._stranger
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*NAMES).configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Give what a client needs that trusts the sandbox's CA, besides those of the machine."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    async def client_context_apart(self) -> ssl.SSLContext:
        """Give the same without holding up the loop: reading the machine's certificates takes a tenth of a second."""
        _ = self.authority  # made here, so that it is made once
        return await asyncio.to_thread(self.client_context)
