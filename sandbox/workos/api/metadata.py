"""The `metadata` that an app keeps with a user or an organization (WorkOS, reference of metadata)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sandbox.workos.api.errors import refused

Metadata = dict[str, str | None]
"""As a request gives it; null takes a key away."""

_MOST: Final = 50
_LONGEST_KEY: Final = 40
_LONGEST_VALUE: Final = 600


def merged(kept: Mapping[str, str], given: Metadata) -> dict[str, str]:
    """Give the metadata with a change laid over it.

    Raise ApiError invalid_metadata for more than 50 keys, a key of over 40 or a value of over 600 characters.
    """
    result = {key: value for key, value in {**kept, **given}.items() if value is not None}
    if len(result) > _MOST:
        raise refused("invalid_metadata", f"Metadata holds at most {_MOST} keys.")
    for key, value in result.items():
        if not 0 < len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise refused(
                "invalid_metadata",
                f"A key of metadata has 1 to {_LONGEST_KEY} characters, a value at most {_LONGEST_VALUE}.",
            )
    return result
