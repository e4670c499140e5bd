"""What can go wrong on a visit."""

from __future__ import annotations


class BrowserError(Exception):
    """A visit that could not go on; the text is one line for a person, without secrets."""
