"""Threads around a world: it lives on one loop, in one thread, and may be used from any."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from sandbox.errors import SandboxError

P = ParamSpec("P")
T = TypeVar("T")

_STILL_THERE: Final = 0.5
"""Seconds after which who waits for a loop looks whether it still runs."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give what makes the fastest loop of this machine; None for asyncio's own."""
    try:
        import uvloop
    except ImportError:  # not on every machine
        return None
    return uvloop.new_event_loop


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, on the fastest loop of this machine."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)


class Home:
    """The loop that a world lives on, and its thread; there is none before the start and after the end."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def move_in(self) -> None:
        """Live on the loop that runs here."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    def move_out(self) -> None:
        """Live nowhere."""
        self._loop = None

    @property
    def is_inhabited(self) -> bool:
        """Whether a world lives on it now."""
        return self._loop is not None

    @property
    def is_here(self) -> bool:
        """Whether this is the thread that it lives in."""
        return self._loop is not None and self._thread == threading.get_ident()

    def do(self, work: Callable[[], T], before: Callable[[], Awaitable[None]] | None = None) -> T:
        """Do work on the loop's thread and give what it gives, or raise what it raises.

        Here, or where no loop runs, it is done at once. From another thread, `before` is awaited first. Raise
        SandboxError when the loop ends meanwhile.
        """
        loop = self._loop
        if loop is None or self.is_here or not loop.is_running():
            return work()

        async def done() -> T:
            if before is not None:
                await before()
            return work()

        future = asyncio.run_coroutine_threadsafe(done(), loop)
        while not wait([future], timeout=_STILL_THERE).done:
            if not loop.is_running():
                future.cancel()
        try:
            return future.result()
        except CancelledError:
            raise SandboxError("The sandbox stopped meanwhile.") from None


class _Housed(Protocol):
    @property
    def home(self) -> Home: ...


class _Telling(_Housed, Protocol):
    async def settled(self) -> None: ...


H = TypeVar("H", bound=_Housed)
W = TypeVar("W", bound=_Telling)


def steers(method: Callable[Concatenate[H, P], T]) -> Callable[Concatenate[H, P], T]:
    """Have a method run on the thread of its world's loop, from whatever thread it is called."""

    @wraps(method)
    def steered(self: H, /, *args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        return self.home.do(lambda: method(self, *args, **kwargs))

    return steered


def tells(method: Callable[Concatenate[W, P], T]) -> Callable[Concatenate[W, P], T]:
    """Have a method run on the thread of its world's loop, after what it tells of has been recorded.

    A client has its answer a moment before the exchange is in the trace. Called from another thread, the method runs
    once `settled` has been awaited.
    """

    @wraps(method)
    def told(self: W, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.home.do(lambda: method(self, *args, **kwargs), self.settled)

    return told


class Background:
    """A thread with a loop of its own, on which a world runs from `start` to `stop`."""

    def __init__(self, world: AbstractAsyncContextManager[Any]) -> None:
        self._world = world
        self._started: Future[None] = Future()
        self._leave: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> None:
        """Start the thread and wait until the world runs; raise what its start raises, with nothing left open."""
        try:
            self._thread.start()
            self._started.result()
        except BaseException:  # Ctrl-C comes here as well
            self.stop()
            raise

    def stop(self) -> None:
        """End the world and the thread, and wait for both; raise what the end raises."""
        if not self._leave.done():
            self._leave.set_result(None)
        try:
            self._thread.join()
        except BaseException:
            self._thread.join()  # the ports are closed before Ctrl-C is heard
            raise
        self._ended.result()

    def _run(self) -> None:
        try:
            run_async(self._live())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            (self._ended if self._started.done() else self._started).set_exception(error)
        if not self._ended.done():
            self._ended.set_result(None)

    async def _live(self) -> None:
        async with self._world:
            self._started.set_result(None)
            await asyncio.wrap_future(self._leave)
