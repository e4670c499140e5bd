"""HTTP as clients really speak it, through the wire."""

from __future__ import annotations

import itertools

import pytest

from sandbox.scenario.model import When
from sandbox.wire.asgi import REQUEST_LIMIT, Receive, Scope, Send, send_response
from sandbox.wire.message import json_response
from tests.wire.conftest import Serve, parsed
from tests.wire.samples import FORM, fault


async def test_a_connection_lives_through_faults(serve: Serve) -> None:
    """A connection stays open through errors, edits and delays, as long as no fault closes it."""
    served = await serve()
    async with await served.connect() as client:
        for action in ({}, {"status": 503}, {"set": {"path": "x"}}, {"delay": "1ms"}, {"error": "x"}, {"body": "x"}):
            served.break_with(*[fault("api", **action)] if action else ())
            assert (await client.ask("/x")).headers.get("connection") != "close"
    assert len(served.port._server.server_state.connections) <= 1


async def test_requests_are_passed_on_as_they_came(serve: Serve) -> None:
    """Method, encoded path, query, headers in Latin-1 and in UTF-8, and body reach the application unaltered."""
    served = await serve()
    async with await served.connect() as client:
        answer = await client.ask(
            "/a%2Fb/%C3%A9;x?q=%20&q=+", method="PATCH", body=b"\0\xff", x_latin="caf\xe9", x_utf8="\xc3\xa9"
        )
    said = parsed(answer.body)
    assert (said["method"], said["path"], said["query"]) == ("PATCH", "/a%2Fb/%C3%A9;x", "q=%20&q=+")
    assert (said["headers"]["x-latin"], said["headers"]["x-utf8"], said["length"]) == ("caf\xe9", "\xc3\xa9", 2)
    (exchange,) = served.wire.trace
    assert exchange.url == f"http://localhost:{served.port.number}/a%2Fb/%C3%A9;x?q=%20&q=+"
    assert exchange.request_header("x-latin") == "caf\xe9"
    assert exchange.request_body == "\0\ufffd"


async def test_whitespace_around_a_header_is_none_of_its_value(serve: Serve) -> None:
    """Spaces and tabs before and behind a value are left out, those inside stay (RFC 9110, section 5.5)."""
    served = await serve()
    async with await served.connect() as client:
        answer = await client.ask("/x", x_padded=" \t a \t b \t ")
    assert parsed(answer.body)["headers"]["x-padded"] == "a \t b"
    (exchange,) = served.wire.trace
    assert exchange.request_header("x-padded") == "a \t b"


async def test_a_forwarded_header_changes_nothing(serve: Serve) -> None:
    """The address of the sandbox is what was connected to, whatever a header claims about a proxy."""
    served = await serve()
    async with await served.connect() as client:
        await client.ask("/x", x_forwarded_proto="https", x_forwarded_for="1.2.3.4")
    assert [exchange.url for exchange in served.wire.trace] == [f"http://localhost:{served.port.number}/x"]


@pytest.mark.parametrize("size", [0, 1, 70_000, REQUEST_LIMIT])
async def test_chunked_bodies(serve: Serve, size: int) -> None:
    """A body sent in chunks arrives whole, up to the limit."""
    served = await serve()
    async with await served.connect() as client:
        client.send("/x", method="POST", transfer_encoding="chunked")
        for start in range(0, size, 30_000):
            part = b"a" * min(30_000, size - start)
            client.writer.write(b"%x\r\n%s\r\n" % (len(part), part))
        client.writer.write(b"0\r\n\r\n")
        assert parsed((await client.answer()).body)["length"] == size


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large(serve: Serve, *, chunked: bool) -> None:
    """Over 4 MiB the answer is 413, the connection goes on, and the exchange is on record without the body."""
    served = await serve()
    body = b"a" * (REQUEST_LIMIT + 1)
    async with await served.connect() as client:
        if chunked:
            client.send("/x", method="POST", transfer_encoding="chunked")
            client.writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        else:
            client.send("/x", method="POST", body=body)
        answer = await client.answer()
        assert (answer.status, parsed(answer.body)["error"]) == (413, "invalid_request")
        assert (await client.ask("/y")).status == 200
    first, second = served.wire.trace
    assert (first.status, first.request_body, first.number, second.number) == (413, "", 1, 2)


async def test_a_client_that_waits_to_continue(serve: Serve) -> None:
    """A client that asks first whether to send its body is told to."""
    served = await serve()
    async with await served.connect() as client:
        client.send("/x", method="POST", content_length="3", expect="100-continue")
        assert (await client.head()).status == 100
        client.writer.write(b"abc")
        assert parsed((await client.answer()).body)["length"] == 3


async def test_head_has_no_body(serve: Serve) -> None:
    """HEAD is answered with the headers alone, faults or not, and the connection goes on."""
    served = await serve()
    async with await served.connect() as client:
        assert int((await client.ask("/x", method="HEAD")).headers["content-length"]) > 0
        served.break_with(fault("api", body="hello"))
        assert (await client.ask("/x", method="HEAD")).headers["content-length"] == "5"
        served.break_with()
        assert (await client.ask("/x")).status == 200


async def test_a_status_without_a_body(serve: Serve) -> None:
    """Where a fault makes it 204 no body follows, and the connection goes on."""
    served = await serve()
    served.break_with(fault("api", on="first 1", status=204))
    async with await served.connect() as client:
        assert (await client.ask("/x")).status == 204
        assert (await client.ask("/y")).status == 200


async def test_an_encoded_path_is_the_same_step(serve: Serve) -> None:
    """A client that encodes what needs no encoding does not slip past a fault."""
    served = await serve()
    served.break_with(fault("token", status=503))
    async with await served.connect() as client:
        assert (await client.ask("/oauth2/%74oken", method="POST", body=b"")).status == 503
    assert [exchange.step for exchange in served.wire.trace] == ["token"]


async def test_the_order_in_the_file_does_not_matter(serve: Serve) -> None:
    """Several edits of one answer give the same answer in whatever order they are written."""
    served = await serve()
    faults = [
        fault("api", set={"path": "y", "a": 1}),
        fault("api", remove=["headers", "body", "length"]),
        fault("api", encode="form"),
        fault("api", status=202),
        fault("api", headers={"x-a": "1"}),
        fault("api", delay="1ms"),
        fault("api", forget="clients"),
    ]
    answers = set()
    async with await served.connect() as client:
        for order in itertools.islice(itertools.permutations(faults), 0, 5040, 240):
            served.break_with(*order)
            answer = await client.ask("/x")
            answers.add((answer.status, answer.body, answer.headers["x-a"], answer.headers["content-type"]))
    assert answers == {(202, b"method=GET&path=y&query=&a=1", "1", FORM)}


@pytest.mark.parametrize("on", ["first 2", "nth 2", "after 2", "every 2"])
async def test_turns(serve: Serve, on: str) -> None:
    """A fault fires on exactly the exchanges that its turn names."""
    served = await serve()
    served.break_with(fault("api", on=on, status=503))
    async with await served.connect() as client:
        statuses = [(await client.ask("/x")).status for _ in range(6)]
    broken = {"first 2": [1, 2], "nth 2": [2], "after 2": [3, 4, 5, 6], "every 2": [2, 4, 6]}[on]
    assert [number for number, status in enumerate(statuses, 1) if status == 503] == broken
    assert [exchange.number for exchange in served.wire.trace if exchange.faults] == broken


async def test_effects_come_before_the_answer(serve: Serve) -> None:
    """State is changed before the application looks at it, and before a slow answer is waited for."""
    seen = []

    async def looking(_scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(list(served.effects))
        await send_response(json_response(200, {}), send)

    served = await serve(looking)
    served.break_with(fault("api", delay="1ms"), fault("api", rotate="signing-key"), fault("api", expire="codes"))
    async with await served.connect() as client:
        await client.ask("/x")
    assert seen == [[("rotate", "signing-key"), ("expire", "codes")]]
    (exchange,) = served.wire.trace
    assert exchange.faults == ["rotate signing-key", "expire codes", "delay 1ms"]


async def test_a_fault_that_finds_nothing_to_edit(serve: Serve) -> None:
    """It does not count as fired, and says what it met."""
    served = await serve()
    served.break_with(fault("api", encode="form"), fault("api", body="no JSON"))
    async with await served.connect() as client:
        assert (await client.ask("/x")).body == b"no JSON"
    assert served.wire.faults.unfired() == [
        "at api: encode form never fired: the answer (200) had nothing for it to edit"
    ]


async def test_two_faults_in_front(serve: Serve) -> None:
    """Of two faults that answer by themselves the first does, and the other says so."""
    served = await serve()
    served.break_with(fault("api", when=When(path="/x"), status=503), fault("api", error="gone"))
    async with await served.connect() as client:
        assert (await client.ask("/x")).body == b"503 Service Unavailable\n"
    assert served.wire.faults.unfired() == ["at api: error gone never fired: another fault answered before it"]
