"""The invented logs."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from sandbox.log_aggregator import corpus
from sandbox.log_aggregator.logs import LEVELS, Entry, Logs

NOW = 1_767_603_600.0
HOUR = 3600.0


@pytest.fixture
def entries() -> list[Entry]:
    """Give the logs of seed 7."""
    return corpus.entries(7, NOW)


def found(entries: list[Entry], words: str, service: str | None = None) -> list[Entry]:
    """Search the logs for words."""
    return Logs(fill=lambda: entries).search(words, service, limit=200)


def test_same_seed_same_logs(entries: list[Entry]) -> None:
    """The same seed and time give the same entries."""
    assert corpus.entries(7, NOW) == entries


def test_another_seed_other_logs(entries: list[Entry]) -> None:
    """Another seed gives other entries."""
    assert corpus.entries(8, NOW) != entries


def test_later_now_moves_every_entry(entries: list[Entry]) -> None:
    """An hour later the same things have happened, an hour later."""
    later = corpus.entries(7, NOW + HOUR)
    assert [entry.at - HOUR for entry in later] == pytest.approx([entry.at for entry in entries])
    assert [entry.message for entry in later] == [entry.message for entry in entries]


def test_changing_an_entry_leaves_the_next_logs_alone(entries: list[Entry]) -> None:
    """What a reader does to the fields of an entry is not seen by the next reader."""
    entries[0].fields["mine"] = True
    assert "mine" not in corpus.entries(7, NOW)[0].fields


@pytest.mark.parametrize("seed", [0, 7, 12345])
def test_about_1200_entries_over_48_hours(seed: int) -> None:
    """The logs hold about 1,200 entries, in order, over the 48 hours before now."""
    entries = corpus.entries(seed, NOW)
    times = [entry.at for entry in entries]
    assert 1100 <= len(entries) <= 1300
    assert times == sorted(times)
    assert NOW - 48 * HOUR <= times[0] < NOW - 46 * HOUR
    assert NOW - HOUR < times[-1] <= NOW


def test_every_level_and_several_services(entries: list[Entry]) -> None:
    """Every level occurs, errors are the smaller part, and five services speak."""
    levels = Counter(entry.level for entry in entries)
    assert set(levels) == set(LEVELS)
    assert levels["error"] < levels["info"]
    assert {entry.service for entry in entries} == {"billing", "call-me-back", "log-aggregator", "voice-gateway", "web"}


def test_a_trace_links_services(entries: list[Entry]) -> None:
    """The trace of a failed call leads from the web to the voice gateway."""
    failed = found(entries, '"no connection" pool', "voice-gateway")[0]
    services = {entry.service for entry in found(entries, failed.fields["trace"])}
    assert {"web", "call-me-back", "voice-gateway"} <= services


@pytest.mark.parametrize(
    ("words", "service", "said"),
    [
        ('"deploy started"', "voice-gateway", "2.14.0"),
        ('"configuration loaded" pool_size', "voice-gateway", "configuration loaded"),
        ("timeout pool", "voice-gateway", "5000 ms"),
        ("rollback", "voice-gateway", "2.13.4"),
        ('"retry 7 of 8"', "call-me-back", "503"),
        ('"circuit breaker"', "call-me-back", "opened"),
        ("failover", "billing", "billing-db"),
        ("heap", "web", "MB"),
        ('"out of memory"', "web", "1024 MB"),
        ('"invalid phone number"', "voice-gateway", "555 01O7"),
        ("certificate expired", "voice-gateway", "carrier-one.example"),
        ("nbf", "log-aggregator", "future"),
        ('"charged twice"', "billing", "idempotency"),
    ],
)
def test_stories_can_be_found(entries: list[Entry], words: str, service: str, said: str) -> None:
    """Each story shows itself to a search for its words."""
    hits = found(entries, words, service)
    assert any(said in f"{hit.message} {hit.fields}" for hit in hits)


def test_the_deploy_comes_before_the_timeouts_and_the_rollback_after(entries: list[Entry]) -> None:
    """No timeout for want of a connection happens before the deploy or after the rollback."""
    deploy = found(entries, '"deploy started"')[0].at
    rollback = found(entries, '"rollback finished"')[0].at
    timeouts = found(entries, '"no connection" pool', "voice-gateway")
    assert len(timeouts) >= 20
    assert all(deploy < hit.at < rollback for hit in timeouts)


def test_the_leak_grows_until_the_kill(entries: list[Entry]) -> None:
    """The heap of the web service grows hour by hour until the kill, and starts small after it."""
    kill = found(entries, '"out of memory"', "web")[0].at
    heaps = [(entry.at, entry.fields["heap_mb"]) for entry in entries if "heap_mb" in entry.fields]
    before = [heap for at, heap in heaps if at < kill]
    after = [heap for at, heap in heaps if at > kill]
    assert before[-1] > 3 * before[0]
    assert max(after) < before[len(before) // 2]


def test_nothing_real_is_named(entries: list[Entry]) -> None:
    """Host names are under .example, and telephone numbers are 555-01xx."""
    text = " ".join(f"{entry.message} {json.dumps(entry.fields)}" for entry in entries)
    assert not re.findall(r"\b[\w-]+\.(?:com|net|org|io|dev|run|app)\b", text)
    numbers = re.findall(r"\+1 ?\d{3} ?\d{3} ?[\dO]{4}", text)
    assert numbers
    assert all(re.fullmatch(r"\+1 202 555 01[\dO]{2}", number) for number in numbers)
