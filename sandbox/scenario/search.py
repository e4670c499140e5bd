"""The scenarios that speak of something: a person's words, or what a client printed, best first."""

from __future__ import annotations

from typing import Final

from sandbox.scenario.library import library
from sandbox.scenario.model import Scenario

_TYPO: Final = 0.75
_AROUND: Final = "\"'`“”.,:;!?()[]{}<>|│"
"""Punctuation around a word."""
_MOST: Final = 200
"""How many different words of a pasted text are looked for."""
_TYPED: Final = 12
"""Up to how many words somebody has typed, perhaps with a typo; more are pasted."""
_LEAST: Final = 12
"""How many letters of a symptom must be on the screen for it to be recognised by them."""


def search(asked: str) -> list[Scenario]:
    """Give the scenarios that speak of what is asked, best first; all of them when nothing is.

    First come those of which a client printed just that, whatever stands where the symptom has `…`: the longest
    symptom first, then those whose own story quotes it, then those that keep clients out. After them come those that
    speak of every word or, where none does, of the most, if that is more than half. Case does not matter, and a word
    that occurs nowhere finds what is spelled nearly like it.
    """
    whole = _folded(asked)
    scenarios = library()
    texts = [_texts(scenario) for scenario in scenarios]
    vocabulary = {word for fields in texts for text, _ in fields for word in _words(text)}
    asked_for = list(dict.fromkeys(_words(whole)))[:_MOST]
    words = [_as_spelled(word, vocabulary) for word in asked_for] if len(asked_for) <= _TYPED else asked_for
    ranked = [_Rank(scenario, fields, whole, words) for scenario, fields in zip(scenarios, texts, strict=True)]
    enough = max((rank.matched for rank in ranked), default=0)
    found = [rank for rank in ranked if rank.printed or (rank.matched == enough and 2 * enough > len(words))]
    return [rank.scenario for rank in sorted(found or ranked[: len(ranked) * (not words)], key=lambda rank: rank.key)]


class _Rank:
    """How well a scenario answers."""

    def __init__(self, scenario: Scenario, fields: list[tuple[str, int]], whole: str, words: list[str]) -> None:
        weights = [[weight for text, weight in fields if word in text] for word in words]
        self.scenario = scenario
        self.printed = max((_printed(symptom.prints, whole) for symptom in scenario.symptoms), default=0)
        self.matched = sum(1 for found in weights if found)
        phrase = max((weight for text, weight in fields if whole in text), default=0)
        best = sum(max(found, default=0) for found in weights)
        connects = self.printed > 0 and scenario.expect.connects
        is_told = _is_told(scenario.story, whole)
        self.key = (-self.printed, not is_told, connects, -phrase, -best, -sum(map(sum, weights)))


def _is_told(story: str, whole: str) -> bool:
    """Say whether a story quotes what is on the screen, or a part of it."""
    quotes = [quoted for each in story.split("`")[1::2] if len(quoted := _folded(each)) >= _LEAST]
    return any(quoted in whole or (" " in whole and whole in quoted) for quoted in quotes)


def _printed(symptom: str, screen: str) -> int:
    """Tell how many letters of a symptom are on the screen, one part after the other; 0 when not all are."""
    parts = [_folded(part) for part in symptom.split("…")]
    letters = sum(map(len, parts))
    end = 0
    for part in parts:
        start = screen.find(part, end)
        if start < 0 or letters < _LEAST:
            return 0
        end = start + len(part)
    return letters


def _texts(scenario: Scenario) -> list[tuple[str, int]]:
    """Give the texts that are searched, folded, each with its weight."""
    weighed = (
        ((scenario.name, *scenario.also_known_as), 16),
        ((scenario.title,), 8),
        (tuple(symptom.prints for symptom in scenario.symptoms), 8),
        (scenario.references, 4),
        ((scenario.cause or "",), 2),
        ((scenario.story,), 1),
    )
    return [(_folded(text), weight) for texts, weight in weighed for text in texts]


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", "-").replace("✘", "✗").split())


def _words(text: str) -> list[str]:
    """Give the words of a text, without the punctuation around them."""
    return [word for part in text.split() if (word := part.strip(_AROUND))]


def _as_spelled(word: str, vocabulary: set[str]) -> str:
    from difflib import get_close_matches  # only a typo needs it

    if any(word in known for known in vocabulary):
        return word
    return next(iter(get_close_matches(word, sorted(vocabulary), n=1, cutoff=_TYPO)), word)
