"""Storing logs, and finding them again."""

from __future__ import annotations

import pytest

from sandbox.log_aggregator import corpus
from sandbox.log_aggregator.logs import KEPT, Entry, Logs, as_json
from sandbox.sources import Sources
from sandbox.wire.exchange import Exchange

from .samples import FRUIT, NOW, entry, holding, messages


@pytest.fixture
def logs() -> Logs:
    """Give logs of four entries."""
    return holding(*FRUIT)


def test_search_of_a_service(logs: Logs) -> None:
    """A service narrows the search, exactly."""
    assert messages(logs.search("apple", service="kitchen")) == ["apple juice timed out after 5000 ms"]
    assert logs.search("apple", service="kitch") == []


def test_level_means_that_level_and_worse(logs: Logs) -> None:
    """A level brings that level and the more severe ones."""
    assert {each.level for each in logs.search("", level="warning")} == {"warning", "error"}


def test_since_leaves_out_what_is_older(logs: Logs) -> None:
    """Since is a time in seconds since the epoch, itself included."""
    assert messages(logs.search("", since=NOW - 10)) == ["crème brûlée", "pear: ready in 5 s"]


def test_count_counts_what_search_would_find(logs: Logs) -> None:
    """The count knows no limit."""
    assert logs.count("apple") == 2
    assert logs.count("apple", service="web") == 1
    assert logs.count("") == 4


@pytest.mark.parametrize(("limit", "given"), [(-5, 1), (0, 1), (3, 3), (10**30, 4)])
def test_bad_limits_are_clamped(logs: Logs, limit: int, given: int) -> None:
    """A limit below one means one, and a huge one means what there is at most."""
    assert len(logs.search("", limit=limit)) == given
    assert len(logs.tail(limit=limit)) == given


def test_tail_reads_like_tail(logs: Logs) -> None:
    """The tail ends with the newest entry."""
    assert messages(logs.tail(limit=2)) == ["pear: ready in 5 s", "crème brûlée"]
    assert messages(logs.tail("kitchen")) == ["apple juice timed out after 5000 ms", "pear: ready in 5 s"]


def test_an_entry_comes_back_as_it_was_added(logs: Logs) -> None:
    """A stored entry keeps everything, and gains an id."""
    back = logs.search("pie")[0]
    assert (back.at, back.service, back.level, back.fields) == (NOW - 30, "web", "info", FRUIT[0].fields)
    assert back.id > 0


def test_stats_by_service(logs: Logs) -> None:
    """Counts by service, most talkative first, with how many of them are warnings and errors."""
    assert [(count.key, count.entries, count.warnings, count.errors) for count in logs.stats("service")] == [
        ("kitchen", 2, 1, 1),
        ("web", 2, 0, 0),
    ]


def test_stats_by_level(logs: Logs) -> None:
    """Counts by level, from the most severe to the least."""
    assert [(count.key, count.entries) for count in logs.stats("level")] == [
        ("error", 1),
        ("warning", 1),
        ("info", 1),
        ("debug", 1),
    ]


def test_stats_by_hour(logs: Logs) -> None:
    """Counts by hour in UTC, oldest first."""
    assert [(count.key, count.entries) for count in logs.stats("hour")] == [
        ("2026-01-05T08:00Z", 3),
        ("2026-01-05T09:00Z", 1),
    ]


def test_stats_of_one_service_since(logs: Logs) -> None:
    """Counts can be of one service, and of late."""
    assert [count.entries for count in logs.stats("service", service="kitchen", since=NOW - 15)] == [1]


def test_services(logs: Logs) -> None:
    """Every service is listed by name, with how much it said and when."""
    assert [(each.name, each.entries, each.first, each.last) for each in logs.services()] == [
        ("kitchen", 2, NOW - 20, NOW - 10),
        ("web", 2, NOW - 30, NOW),
    ]


def test_delete_of_a_service(logs: Logs) -> None:
    """Deleted entries are gone from search, counts and services, and their number is told."""
    assert logs.delete("kitchen") == 2
    assert logs.count("") == logs.count("ready") + 1 == 2
    assert [each.name for each in logs.services()] == ["web"]
    assert logs.delete("kitchen") == 0


def test_delete_before_a_time(logs: Logs) -> None:
    """Only what is older than the time is deleted."""
    assert logs.delete("web", before=NOW) == 1
    assert messages(logs.tail("web")) == ["crème brûlée"]


def test_delete_takes_names_literally(logs: Logs) -> None:
    """A service name is no pattern and no SQL."""
    assert logs.delete("%") == 0
    assert logs.delete("web' OR '1'='1") == 0
    assert logs.count("") == 4


def test_logs_are_not_made_until_they_are_read() -> None:
    """Adding costs nothing of the filling; the first read fills, once."""
    fills: list[int] = []

    def fill() -> list[Entry]:
        fills.append(1)
        return [entry("from the corpus", at=NOW - 60)]

    logs = Logs(fill=fill)
    logs.add(entry("added"))
    assert fills == []
    assert messages(logs.tail()) == ["from the corpus", "added"]
    logs.services()
    assert fills == [1]


def test_deleted_corpus_stays_deleted() -> None:
    """A deletion before any read deletes the corpus too, and it does not come back."""
    logs = Logs(fill=lambda: [entry("old")])
    assert logs.delete("web") == 1
    assert logs.tail() == []


def test_logs_of_a_seeded_world_are_the_corpus_of_its_seed() -> None:
    """Logs start with the corpus of the world's seed, as of the world's time."""
    logs = Logs(Sources(7))
    assert [messages([each]) for each in logs.tail(limit=5)] == [
        messages([each]) for each in corpus.entries(7, NOW)[-5:]
    ]
    assert logs.tail(limit=1)[0].at <= NOW + 1


def test_clear_returns_to_the_start() -> None:
    """Cleared logs hold what they held at first, the deleted again and the added no more."""
    logs = Logs(fill=lambda: [entry("old")])
    logs.delete("web")
    logs.add(entry("added"))
    logs.clear()
    assert [(each.id, each.message) for each in logs.tail()] == [(1, "old")]


def test_a_note_is_log_aggregator_s_own() -> None:
    """What the service has to say itself is logged under its name, now."""
    logs = Logs(Sources(7), tuple)
    logs.note("warning", "token refused: it has expired")
    note = logs.search("token refused")[0]
    assert (note.service, note.level) == ("log-aggregator", "warning")
    assert NOW <= note.at < NOW + 1


def exchange(**changes: object) -> Exchange:
    """Make an exchange."""
    usual = {
        "number": 3,
        "at": NOW,
        "seconds": 0.0123,
        "step": "token",
        "system": "workos",
        "asker": "client",
        "method": "POST",
        "url": "http://localhost:4100/oauth2/token?code=s3cret",
        "request_headers": [("authorization", "Basic s3cret")],
        "request_body": "code_verifier=s3cret",
        "status": 400,
        "ended": "answered",
        "client_id": "client_01X",
        "mcp_methods": [],
    }
    return Exchange(**usual | changes)  # type: ignore[arg-type]


def test_an_exchange_is_logged_in_one_line() -> None:
    """An exchange of the sandbox can be found by its step, path, status, client and what was odd about it."""
    logs = Logs(fill=tuple)
    logs.add_exchange(exchange(), "warning", "invalid_grant: code expired")
    found = logs.search("token /oauth2/token 400 invalid_grant client_01X")[0]
    assert found.message == "token: client asked workos: POST /oauth2/token → 400 (invalid_grant: code expired)"
    assert (found.service, found.level, found.at) == ("sandbox", "warning", NOW)
    assert found.fields["ms"] == 12.3


def test_a_logged_exchange_holds_no_secret() -> None:
    """Neither the query nor headers nor bodies of an exchange are logged."""
    logs = Logs(fill=tuple)
    logs.add_exchange(exchange(), "info")
    assert "s3cret" not in str(logs.tail())


def test_an_exchange_without_an_answer_says_how_it_ended() -> None:
    """A dropped connection has no status; the line says so."""
    logs = Logs(fill=tuple)
    logs.add_exchange(exchange(status=None, ended="dropped", mcp_methods=["tools/list"]), "warning")
    assert logs.tail()[0].message.endswith("→ dropped")
    assert logs.count('"tools/list"') == 1


@pytest.mark.parametrize("reads", [0, 1000])
def test_the_sandbox_s_own_entries_are_a_ring(reads: int) -> None:
    """Of the sandbox's own exchanges the newest 10,000 are kept, and nothing else is lost, read or not."""
    logs = holding(entry("keep me"))
    for number in range(KEPT["sandbox"] + 5):
        logs.add(entry(f"exchange {number}", "sandbox", at=NOW + number))
        if reads and number % reads == 0:
            logs.tail(limit=1)
    assert logs.count("", service="sandbox") == KEPT["sandbox"] == 10_000
    assert logs.tail("sandbox", limit=1)[0].message == f"exchange {KEPT['sandbox'] + 4}"
    assert logs.search("exchange", limit=1)[0].message == f"exchange {KEPT['sandbox'] + 4}"
    assert logs.count('"exchange 4"') == 0
    assert messages(logs.search("keep")) == ["keep me"]


def test_odd_values_are_stored_readably() -> None:
    """Half surrogates, null characters and values that JSON lacks do not stop an entry."""
    logs = holding(entry("half \ud800 and \x00 null", raw=b"bytes", half="\udfff", deep={"a": [1, None]}))
    back = logs.search("half null deep")[0]
    assert back.fields["deep"] == {"a": [1, None]}
    assert as_json(back)["message"].startswith("half ? and")


def test_json_of_an_entry(logs: Logs) -> None:
    """An entry in JSON tells its time both ways."""
    assert as_json(logs.search("juice")[0]) == {
        "id": 2,
        "time": "2026-01-05T08:59:40.000Z",
        "at": NOW - 20,
        "service": "kitchen",
        "level": "error",
        "message": "apple juice timed out after 5000 ms",
        "fields": {"trace": "4fa2"},
    }
