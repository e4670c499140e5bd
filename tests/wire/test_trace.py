"""The trace: the last exchanges of a run, in order."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from sandbox.wire.exchange import Exchange, Trace


def exchange(number: int, **fields: Any) -> Exchange:
    """Make an exchange."""
    given: dict[str, Any] = {
        "at": 0.0,
        "step": "token",
        "system": "workos",
        "asker": "client",
        "method": "POST",
        "url": "http://localhost:4100/oauth2/token",
        "request_headers": [("accept", "a"), ("accept", "b")],
        "request_body": "",
        "response_headers": [("set-cookie", "a"), ("set-cookie", "b")],
    }
    return Exchange(number=number, **(given | fields))


def test_a_ring() -> None:
    """Only so many exchanges are kept, the last ones, and the numbers go on."""
    trace = Trace(3)
    for _ in range(10):
        trace.add(exchange(trace.number()))
    assert [one.number for one in trace] == [8, 9, 10]
    assert len(trace) == 3


def test_exchanges_are_in_the_order_in_which_they_began() -> None:
    """A slow exchange that ends late stands where it began."""
    trace = Trace()
    for number in (2, 3, 1):
        trace.add(exchange(number))
    assert [one.number for one in trace] == [1, 2, 3]


def test_clearing_begins_a_new_run() -> None:
    """After clearing there is no exchange, the numbers begin with one, and who listens still hears."""
    trace = Trace()
    heard: list[int] = []
    trace.subscribe(lambda one: heard.append(one.number))
    trace.add(exchange(trace.number()))
    before = trace.run
    trace.clear()
    assert list(trace) == []
    assert trace.run not in {before, Trace().run}
    trace.add(exchange(trace.number()))
    assert heard == [1, 1]


def test_listening_ends() -> None:
    """Who no longer listens hears nothing, and may say so twice, or while being told."""
    trace = Trace()
    heard: list[str] = []
    trace.subscribe(lambda _: leave())
    leave = trace.subscribe(lambda _: heard.append("first"))
    stay = trace.subscribe(lambda _: heard.append("second"))
    trace.tell(exchange(1))
    trace.tell(exchange(1))
    stay()
    stay()
    trace.tell(exchange(1))
    assert heard == ["first", "second", "second"]


@pytest.mark.parametrize(("name", "value"), [("accept", "a"), ("x", None)])
def test_the_first_header_of_a_name(name: str, value: str | None) -> None:
    """Headers may come more than once; the first is given, and None where there is none."""
    assert exchange(1).request_header(name) == value
    assert exchange(1).response_header("set-cookie") == "a"


def test_memory_is_flat() -> None:
    """However many exchanges pass, the ring holds no more memory than its size takes."""
    trace = Trace(20)
    tracemalloc.start()
    for _ in range(200):
        trace.add(exchange(trace.number(), response_body="x" * 5000 + str(trace.run)))
    after_few = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        trace.add(exchange(trace.number(), response_body="x" * 5000 + str(trace.run)))
    after_many = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after_many - after_few < 1_000_000
