"""`sandbox up`: run a world in the foreground, with its timeline, until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click
import msgspec

from sandbox.diagnosis import Finding, report
from sandbox.errors import SandboxError
from sandbox.greeting import SHARED, UNSAFE, dim, greeting, not_ready, ready
from sandbox.leaving import INTERRUPTED
from sandbox.printer import Printer
from sandbox.scenario import find
from sandbox.steering import RUNNING, running_in
from sandbox.threads import run_async
from sandbox.timeline import line
from sandbox.wire.exchange import Exchange, Listener

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox


class Options(NamedTuple):
    """What the command line says."""

    scenario: str
    workos_port: int
    mcp_port: int
    console_port: int
    other_port: int
    as_json: bool
    sign_in: str | None
    manifest: Path | None
    fresh: bool
    seed: int | None
    state_dir: Path
    reveal: bool
    listen: str | None
    until_eof: bool
    colour: bool | None = None


_PRIVATE: Final = 0o600
_PIECE: Final = 4096
"""How many bytes of standard input are read at a time."""


def run(options: Options) -> None:
    """Run until Ctrl-C or SIGTERM; raise SandboxError for what stands in the way of a start.

    With --json that is a line for the program that waits for one, too.
    """
    try:
        _run(options)
    except SandboxError as error:
        if options.as_json:
            click.echo(not_ready(error))
        raise


def _run(options: Options) -> None:
    if options.listen is not None:
        _check_address(options.listen)
    if options.until_eof and sys.stdin is None:
        raise SandboxError("--until-eof waits for the end of standard input, and there is none.")
    scenario, world = find(options.scenario), _overrides(options)
    _make_state_dir(options.state_dir)
    _log_to(options.state_dir / "sandbox.log")
    from sandbox.sandbox import Ports, Sandbox  # slow, and in vain where the person made a mistake
    from sandbox.wire.port import LOOPBACK

    sandbox = Sandbox(
        scenario,
        ports=Ports(options.workos_port, options.mcp_port, options.console_port, options.other_port),
        addresses=(options.listen,) if options.listen else LOOPBACK,
        world=world,
        state_dir=None if options.seed is not None else options.state_dir,
        fresh=options.fresh,
        seed=options.seed,
        reveal=options.reveal,
    )
    if not sandbox.is_loopback:
        click.echo(click.style(UNSAFE.format(address=options.listen), fg="yellow"), err=True)
    run_async(_serve(sandbox, options, running_in(options.state_dir)))


def _check_address(address: str) -> None:
    """Raise SandboxError for what is no IP address of this machine."""
    try:
        family = socket.AF_INET if ipaddress.ip_address(address).version == 4 else socket.AF_INET6  # noqa: PLR2004
    except ValueError as error:
        raise SandboxError(f"--listen takes an IP address, such as 0.0.0.0, and not {address!r}.") from error
    try:
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError as error:
        raise SandboxError(f"--listen {address}: {error.strerror}. It takes an address of this machine.") from error


def _overrides(options: Options) -> dict[str, Any]:
    """Give what the command line lays over the scenario's world."""
    world: dict[str, Any] = {}
    if options.manifest is not None:
        from sandbox.log_aggregator.manifest import read_manifest

        world = read_manifest(options.manifest)
    if options.sign_in is not None:
        world = {**world, "workos": {"sign_in": options.sign_in}}
    return world


def _make_state_dir(state_dir: Path) -> None:
    """Make the directory, out of git's sight; one that is there already is somebody's, and left as it is."""
    try:
        state_dir.mkdir(mode=0o700, parents=True)
        (state_dir / ".gitignore").write_text("*\n")
    except FileExistsError as error:
        if not state_dir.is_dir():
            raise SandboxError(f"{state_dir}: This is no directory. Choose another with --state-dir.") from error
    except OSError as error:
        raise SandboxError(
            f"{error.filename or state_dir}: {error.strerror}. Choose another place with --state-dir."
        ) from error


def _log_to(file: Path) -> None:
    """Let what the libraries have to say go to a file, not between the lines of the timeline."""
    try:
        file.touch(mode=_PRIVATE)
        handler = logging.FileHandler(file)
    except OSError as error:
        raise SandboxError(f"{file}: {error.strerror}. Choose another place with --state-dir.") from error
    logging.basicConfig(
        handlers=[handler], level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a disk that is full is no reason to print a traceback


async def _serve(sandbox: Sandbox, options: Options, first: str | None) -> None:
    stop = _stopped_by_signals()
    if options.until_eof:
        _stop_at_eof(stop)
    printer = Printer(colour=options.colour)
    try:
        async with sandbox:
            with _announced(sandbox, options.state_dir, first):
                ca = _ca_of(sandbox, options.state_dir)
                printer.say(ready(sandbox, ca) if options.as_json else greeting(sandbox, ca))
                sandbox.trace.subscribe(partial(_as_json, printer) if options.as_json else _as_lines(printer))
                sandbox.watch.subscribe(partial(_tell, sandbox, printer, as_json=options.as_json))
                await stop.wait()
                sandbox.watch.settle()
            unfired = sandbox.unfired()
        if not options.as_json:
            for fault in unfired if len(sandbox.trace) else ():
                printer.say(dim(fault))
            printer.say("\nStopped.")
    finally:
        printer.close()


def _stopped_by_signals() -> asyncio.Event:
    """Give the event that a signal sets; a second signal ends the process there and then."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            loop.add_signal_handler(number, asked)
    return stop


def _stop_at_eof(stop: asyncio.Event) -> None:
    """Set the event when standard input ends; what comes before is thrown away."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone is an end as well
            while os.read(descriptor, _PIECE):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read, name="until eof", daemon=True).start()


@contextlib.contextmanager
def _announced(sandbox: Sandbox, state_dir: Path, first: str | None) -> Iterator[None]:
    """Leave word of where the sandbox is, for `sandbox use`, `fix` and `reset`; put back a first one's."""
    file = state_dir / RUNNING
    said = json.dumps({"console": sandbox.addresses.console, "pid": os.getpid()})
    try:
        before = file.read_bytes() if first is not None else b""
        file.touch(mode=_PRIVATE)
        file.write_text(said)
    except OSError as error:
        raise SandboxError(f"{file}: {error.strerror}") from error
    if first is not None:
        click.echo(click.style(SHARED.format(state_dir=state_dir, console=first), fg="yellow"), err=True)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if file.read_text() == said:
                file.write_bytes(before)
                if first is None or running_in(state_dir) is None:
                    file.unlink()


def _as_lines(printer: Printer) -> Listener:
    """Print each exchange as a line, once; a stream when it opens."""
    open_streams: set[tuple[int, float]] = set()

    def listen(exchange: Exchange) -> None:
        which = exchange.number, exchange.at
        if which in open_streams:
            open_streams.discard(which)
            return
        if exchange.ended == "open":
            open_streams.add(which)
        printer.say(line(exchange))

    return listen


def _as_json(printer: Printer, exchange: Exchange) -> None:
    printer.say(msgspec.json.encode({"exchange": exchange}).decode())


def _tell(sandbox: Sandbox, printer: Printer, finding: Finding, *, as_json: bool) -> None:
    """Print a finding: whole when it matters, in a line when it did no harm."""
    if as_json:
        printer.say(report.finding_json(finding))
    elif finding.severity == "harmless":
        printer.say(dim(f"harmless  {finding.title}: {finding.happened}"))
    else:
        shown = {exchange.number: exchange for exchange in sandbox.trace if exchange.number in finding.exchanges}
        printer.say(f"\n{report.finding_text(finding, shown)}\n")


def _ca_of(sandbox: Sandbox, state_dir: Path) -> Path | None:
    """Write the certificate of the sandbox's CA where a client can be told to trust it; None where all is HTTP."""
    if not sandbox.is_secure:
        return None
    file = state_dir / "ca.pem"
    try:
        file.write_bytes(sandbox.certificates.pem())
    except OSError as error:
        raise SandboxError(f"{file}: {error.strerror}") from error
    return file
