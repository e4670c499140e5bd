"""One run of a client against one world: where it is at home, what it sees, and what it printed."""

from __future__ import annotations

import os
import random
import shlex
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox.browser.command import stand_in
from sandbox.clients.process import Limits, Printed, run
from sandbox.errors import SandboxError

SERVER: Final = "log-aggregator"
"""The name under which a client knows the server."""

_BROWSER: Final = """\
#!/bin/sh
# As a browser does: it opens, and whoever opened it goes on.
"{program}" --quiet "$@" >>"{log}" 2>&1 </dev/null &
"""
_PORTS: Final = (20_000, 32_000)
_TRIES: Final = 50
_NOWHERE: Final = "http://127.0.0.1:9"
"""A proxy that nobody is: what a client would send beyond this machine ends here."""
_LOCAL: Final = "localhost,127.0.0.1,127.0.0.2,::1"


def free_port() -> int:
    """Give a port on which nobody listens, for a client that wants to know it before it listens itself.

    It is below those that a system gives away by itself, so that nothing else takes it meanwhile.
    """
    for port in random.sample(range(*_PORTS), _TRIES):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SandboxError(f"No port from {_PORTS[0]} to {_PORTS[1]} is free, and this client needs one.")


@dataclass
class Run:
    """What an adapter drives its client with."""

    url: str
    """The URL that a person would type."""
    home: Path
    """An empty directory, the client's own."""
    folder: Path
    """Where the client is installed."""
    refreshes: bool
    """Whether the token is to run out, and the client to come back then."""
    expire_tokens: Callable[[], None]
    """Lets the tokens run out, as the server sees it."""
    heard: Callable[[], float]
    """Gives the time of the last exchange, by `time.monotonic`."""
    limits: Limits
    trusted: Path | None = None
    """The certificate of the world's own CA, where a port speaks HTTPS."""
    printed: list[Printed] = field(default_factory=list)
    """What the client printed, program by program."""
    told: Callable[[str], None] = lambda _: None
    """Is told of every program before it starts, and then what it printed."""

    async def program(
        self,
        *command: str | Path,
        terminal: bool = False,
        variables: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Printed:
        """Run a program of the client; one that does not end is cut off, see `Printed.ended`.

        It runs in its home, unless another `folder` is named.
        Raise SandboxError when it cannot be started.
        """
        words = [str(word) for word in command]
        if self.home.is_symlink() or not self.home.is_dir():  # a program before may have removed it
            self.home.unlink(missing_ok=True)
            self.home.mkdir(parents=True)
        self.told(f"$ {shlex.join(Path(word).name if Path(word).is_absolute() else word for word in words)}")
        environment = {**self.environment, **(variables or {})}
        printed = await run(
            words,
            environment=environment,
            folder=folder or self.home,
            limits=self.limits,
            heard=self.heard,
            terminal=terminal,
        )
        self.printed.append(printed)
        self.told(printed.text)
        return printed

    async def visits(
        self, *command: str | Path, variables: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> Printed:
        """Run a program that connects; where the token is to run out, run it once more when it has."""
        printed = await self.program(*command, variables=variables, folder=folder)
        if self.refreshes and printed.exit_status == 0:
            self.expire_tokens()
            printed = await self.program(*command, variables=variables, folder=folder)
        return printed

    @property
    def environment(self) -> dict[str, str]:
        """All that the client sees of a machine: a home, a path, a browser that signs in, and whom to trust."""
        trusted = str(self.trusted) if self.trusted else None
        trust = {"NODE_EXTRA_CA_CERTS": trusted, "SSL_CERT_FILE": trusted} if trusted else {}
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
        proxies |= dict.fromkeys(("NO_PROXY", "no_proxy"), _LOCAL)
        return {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "BROWSER": str(self._browser()),
            **proxies,
            **trust,
        }

    def _browser(self) -> Path:
        """Make the program that a client opens instead of a browser."""
        file = self.home / ".browser"
        if not file.exists():
            file.write_text(_BROWSER.format(program=stand_in(), log=self.home / ".browser.log"))
            file.chmod(0o700)
        return file
