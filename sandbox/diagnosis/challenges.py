"""WWW-Authenticate, read as a careful client reads it (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from sandbox.wire.exchange import Exchange

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME: Final = re.compile(rf"[\s,]*({_WORD})(?:\s+|\Z|(?=,))")
_TOKEN68: Final = re.compile(r"\s*[A-Za-z0-9._~+/-]+=*\s*(?=,|\Z)")
_PARAMETER: Final = re.compile(
    rf"""\s*({_WORD})(\s*)=(\s*)
    (?: "(?P<quoted>(?:[^"\\]|\\.)*)"
      | '(?P<single>[^']*)'
      | (?P<bare>{_WORD})(?=[\s,]|\Z)
      | (?P<wild>[^\s,"'=][^\s,"]*)  # a URL without quotes
      | "(?P<unclosed>[^"]*)\Z
    )""",
    re.VERBOSE,
)


class Parameter(NamedTuple):
    """One parameter of a challenge, as it is written."""

    name: str
    value: str
    is_plain: bool
    """Whether it is written as the grammar wants: a word or double quotes, no space around `=`, after a comma."""


class Challenge(NamedTuple):
    """One challenge of a header that may hold several."""

    scheme: str
    parameters: tuple[Parameter, ...]

    def values(self, name: str) -> list[str]:
        """Give every value of a parameter, whose name is in any case."""
        return [parameter.value for parameter in self.parameters if parameter.name.lower() == name]

    def get(self, name: str) -> str | None:
        """Give the first value of a parameter."""
        return next(iter(self.values(name)), None)

    @property
    def is_bearer(self) -> bool:
        """Whether it asks for a Bearer token."""
        return self.scheme.lower() == "bearer"


def header_of(exchange: Exchange) -> str | None:
    """Give WWW-Authenticate of an answer as one line, as several are worth the same (RFC 9110, section 5.3)."""
    lines = [value for name, value in exchange.response_headers if name == "www-authenticate"]
    return ", ".join(lines) if lines else None


def challenges_of(exchange: Exchange) -> list[Challenge]:
    """Read the challenges of an answer."""
    return challenges(header_of(exchange) or "")


def challenges(header: str) -> list[Challenge]:
    """Read the challenges of a header, with the mistakes that clients forgive; what cannot be read ends the reading."""
    return list(_read(header)[0])


def unread(header: str) -> str:
    """Give the end of a header that cannot be read."""
    return _read(header)[1]


@lru_cache(maxsize=256)
def _read(header: str) -> tuple[tuple[Challenge, ...], str]:
    found: list[Challenge] = []
    rest = header
    while (scheme := _SCHEME.match(rest)) is not None:
        rest = rest[scheme.end() :]
        parameters, rest = _parameters(rest)
        found.append(Challenge(scheme[1], parameters))
    return tuple(found), rest.strip(", \t")


def _parameters(text: str) -> tuple[tuple[Parameter, ...], str]:
    if (token68 := _TOKEN68.match(text)) is not None:
        return (), text[token68.end() :]
    found: list[Parameter] = []
    rest = text
    after_comma = True
    while (parameter := _PARAMETER.match(rest)) is not None:
        said = parameter.groupdict()
        is_plain = after_comma and not parameter[2] and not parameter[3]
        if said["quoted"] is not None:
            value = re.sub(r"\\(.)", r"\1", said["quoted"])
        elif said["bare"] is not None:
            value = said["bare"]
        else:
            value = said["single"] or said["wild"] or said["unclosed"] or ""
            is_plain = False
        found.append(Parameter(parameter[1], value, is_plain))
        rest = rest[parameter.end() :].lstrip()
        after_comma = rest.startswith(",")
        if after_comma and _PARAMETER.match(rest.lstrip(", \t")) is None:
            break
        rest = rest.lstrip(", \t")
    return tuple(found), rest
