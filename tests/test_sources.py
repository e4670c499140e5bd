"""Where time and chance come from."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from sandbox.sources import Sources

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
FIVE_JANUARY_2026_NINE = 1_767_603_600


def drawn(sources: Sources) -> list[object]:
    """Draw everything there is to draw."""
    return [sources.now(), sources.ulid(), sources.secret(), sources.letters(8), sources.bytes(16)]


def test_a_seed_makes_everything_repeatable() -> None:
    """Two sandboxes with one seed draw the same ids, secrets and times; another seed draws others."""
    assert [drawn(Sources(7)) for _ in range(2)] == [drawn(Sources(7)) for _ in range(2)]
    assert drawn(Sources(7))[1:] != drawn(Sources(8))[1:]


def test_without_a_seed_nothing_repeats() -> None:
    """Without a seed chance is the machine's, and so is the clock."""
    one, other = Sources(), Sources()
    assert one.secret() != other.secret()
    assert one.ulid() != one.ulid()
    assert one.now() == pytest.approx(time.time(), abs=1)


def test_the_seeded_clock_begins_on_a_known_day_and_moves() -> None:
    """The seeded clock starts on 5 January 2026 at nine and moves on by a millisecond each time it is read."""
    sources = Sources(1)
    assert [sources.now() - FIVE_JANUARY_2026_NINE for _ in range(3)] == pytest.approx([0.001, 0.002, 0.003], abs=1e-6)


@pytest.mark.parametrize("seed", [None, 1])
def test_the_clock_can_be_moved_ahead(seed: int | None) -> None:
    """Both clocks can be moved ahead, so that a test need not wait for a token to expire."""
    sources = Sources(seed)
    before = sources.now()
    sources.advance(3600)
    assert sources.now() - before == pytest.approx(3600, abs=1)


def test_ulids_are_made_as_their_specification_says() -> None:
    """A ULID has 26 characters of Crockford's alphabet, and those of a later millisecond sort after it."""
    sources = Sources(3)
    ulids = [sources.ulid() for _ in range(20)]
    assert all(ULID.fullmatch(ulid) for ulid in ulids)
    assert ulids == sorted(ulids)


@pytest.mark.parametrize(
    ("draw", "pattern"),
    [
        (lambda sources: sources.secret(), r"[A-Za-z0-9]{32}"),
        (lambda sources: sources.secret(43), r"[A-Za-z0-9]{43}"),
        (lambda sources: sources.letters(8), r"[BCDFGHJKLMNPQRSTVWXZ]{8}"),
        (lambda sources: sources.bytes(5).hex(), r"[0-9a-f]{10}"),
    ],
)
def test_what_is_drawn_has_the_asked_for_length(draw: Callable[[Sources], str], pattern: str) -> None:
    """Secrets are letters and digits, codes that a person types have no letters that are misread."""
    assert re.fullmatch(pattern, draw(Sources(2)))
    assert re.fullmatch(pattern, draw(Sources()))
