"""Kinds of text that several settings share."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Duration = Annotated[str, Meta(pattern=r"^-?\d+(\.\d+)?(ms|s|m|h|d)$", description="a duration such as 30s or 5m")]

HeaderText = Annotated[str, Meta(pattern=r"^[\t\x20-\x7e\xa0-\xff]*$", description="one line of Latin-1 text")]
"""What can be sent in a header (RFC 9110, section 5.5)."""

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
