"""What a rotated refresh token answers with while the grace lasts: live tokens, so in memory only."""

from __future__ import annotations

from typing import Any


class Successors:
    """Token responses by the hash of the refresh token that they retired; a restart forgets them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def put(self, key: str, answer: dict[str, Any], now: float) -> None:
        """Remember an answer, and when it was given."""
        self._kept[key] = (now, answer)

    def get(self, key: str) -> dict[str, Any] | None:
        """Give the answer that is remembered."""
        return self._kept.get(key, (0.0, None))[1]

    def sweep(self, until: float) -> None:
        """Forget every answer that was given then or before."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > until}

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
