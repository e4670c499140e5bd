"""The side of a running world that tests and clients see: where it is, what it saw, and what may be demanded of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sandbox import reports
from sandbox.browser import Decision, Visit, visit
from sandbox.browser.command import stand_in
from sandbox.diagnosis import Finding, diagnose
from sandbox.errors import SandboxError
from sandbox.reports import Saw
from sandbox.scenario import Scenario
from sandbox.threads import Home, steers, tells
from sandbox.timeline import story
from sandbox.wire.exchange import Trace
from sandbox.wire.tls import Certificates
from sandbox.wire.wire import Wire
from sandbox.workos import AuthKit
from sandbox.world import World

_LOOKED_AT: Final = 2000
"""Of how many of the last exchanges findings are made."""
_SETTLING: Final = 0.25
"""Seconds that exchanges may take to be recorded after their last byte has left."""


class Witness:
    """What a Sandbox tells, from any thread."""

    home: Home
    wire: Wire
    world: World
    scenario: Scenario
    certificates: Certificates
    authkit: AuthKit

    # --- what a client needs --------------------------------------------------------------------------------------

    @property
    def mcp_url(self) -> str:
        """The URL that a client is given."""
        return self.world.service.given_url

    @property
    def issuer(self) -> str:
        """The authorization server's name (RFC 8414, section 2): where its metadata is looked for."""
        return self.authkit.issuer

    @property
    def is_secure(self) -> bool:
        """Whether a port speaks HTTPS."""
        return any(setting != "off" for setting in (self.world.tls.workos, self.world.tls.mcp))

    @property
    @steers
    def environment(self) -> dict[str, str]:
        """The environment variables by which a client signs in without a person, and trusts ports that speak HTTPS."""
        file = str(self.certificates.file) if self.is_secure else None
        return {"BROWSER": stand_in()} | ({"NODE_EXTRA_CA_CERTS": file, "SSL_CERT_FILE": file} if file else {})

    def browse(
        self, url: str, *, user: str | None = None, decision: Decision = "approve", callback: str | None = None
    ) -> Visit:
        """Open a URL as the person's browser would: sign in, decide, and stop at the client's own page.

        `user` is the email address to sign in with, by default the first one offered. With `callback`, the client's
        redirect URI, that page is not opened: the answer's `url` has the code. It waits for the pages, so that
        asynchronous code calls it by `asyncio.to_thread`. Raise BrowserError when a page is an error or late,
        SandboxError when called on the thread that has to answer.
        """
        if self.home.is_here:
            raise SandboxError(
                "browse() would wait for the thread it blocks. Write `await asyncio.to_thread(sandbox.browse, url)`."
            )
        trusted = self.home.do(self.certificates.client_context) if self.is_secure else None
        return visit(url, user=user, decision=decision, trusted=trusted, callback=callback)

    # --- what it saw ----------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait until what was answered has been recorded; an exchange that hangs is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLING):
                await self.wire.quiet.wait()

    @property
    @tells
    def trace(self) -> Trace:
        """The exchanges of this run."""
        return self.wire.trace

    @property
    @tells
    def findings(self) -> list[Finding]:
        """What is wrong with the last exchanges, from the wire alone: what broke first of all."""
        return diagnose(list(self.wire.trace)[-_LOOKED_AT:])

    @tells
    def unfired(self) -> list[str]:
        """Say of each fault that never acted, why."""
        return self.wire.faults.unfired()

    def explain(self, claims: Mapping[str, Any]) -> str:
        """Tell a connected client how it got here."""
        client_id = claims.get("client_id")
        told = story(self.wire.trace, client_id if isinstance(client_id, str) else None)
        theirs = [one for one in self.wire.trace if client_id is None or one.client_id in {client_id, None}]
        found = [f"{finding.severity}: {finding.happened} {finding.change}" for finding in diagnose(theirs)]
        return "\n".join([told, "", "What is wrong, read from these exchanges:", *(found or ["nothing"])])

    # --- in tests -------------------------------------------------------------------------------------------------

    @tells
    def saw(self) -> Saw:
        """Give what it saw so far, all of one moment."""
        return Saw(self.scenario.name, self.world.service.url, tuple(self.wire.trace), self.findings, self.unfired())

    def assert_connected(self) -> None:
        """Check that a client connected: it sent a token to the MCP server, which answered as it was asked (2xx).

        Where the resource is elsewhere (`service.url`), a token that was handed out is all that can be seen. Raise
        AssertionError, which tells what the sandbox saw.
        """
        __tracebackhide__ = True
        reports.check(self.saw(), reports.no_connection)

    def assert_finding(self, finding: str) -> None:
        """Check that the diagnosis says a finding, by its id, of any client, be it first or not, harmless or not.

        Raise AssertionError, which tells what the sandbox saw.
        """
        __tracebackhide__ = True
        reports.check(self.saw(), lambda saw: reports.no_finding(saw, finding))

    def assert_sound(self) -> None:
        """Check that the diagnosis finds nothing broken and nothing risky; what did no harm is no matter.

        Raise AssertionError, which tells what the sandbox saw.
        """
        __tracebackhide__ = True
        reports.check(self.saw(), reports.not_sound)
