"""Taking the secrets out of an exchange before anybody sees it.

A secret becomes a short fingerprint, the same wherever it appears, so that a reader can still follow one code or token
through the flow. What a token says is kept, decoded and unsigned.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

from sandbox.wire.exchange import BODY_LIMIT
from sandbox.wire.json_text import whole
from sandbox.wire.message import Request, Response
from sandbox.wire.secret_names import COOKIE, Finder, Place
from sandbox.wire.secret_places import basic_secret, in_body, in_form, in_header, in_text, places

_SHORTEST: Final = 6
_SHORTEST_COOKIE: Final = 12
"""A browser sends the cookies of every program on localhost, and `theme=dark` is no secret in another place."""

_NONE: Final[Mapping[str, str]] = {}
_BEFORE_JSON: Final = b"\xff\xfe\0 \t\r\n"
_JSON_BEGINS: Final = (b"{", b"[", b'"')
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]+")
_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")


def fingerprint(secret: str) -> str:
    """Give eight hexadecimal digits that stand for a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def marked(name: str, secret: str) -> str:
    """Give what stands in the place of a secret."""
    return f"‹{name} {fingerprint(secret)}›"


def shown(body: bytes) -> str:
    """Give as much of a body as is remembered, as text; JSON may also be written in UTF-16 and UTF-32."""
    is_wide = b"\0" in body[:4] and body[:8].lstrip(_BEFORE_JSON)[:1] in _JSON_BEGINS
    encoding = json.detect_encoding(body) if is_wide else "utf-8"
    return body[:BODY_LIMIT].decode(encoding, "replace")


def secrets_of(request: Request, response: Response | None) -> dict[str, str]:
    """Find the secrets of an exchange, each with the name of what it is."""
    return _named(place for text, finder in _texts(request, response) for place in places(text, finder))


def _named(found: Iterable[Place]) -> dict[str, str]:
    secrets: dict[str, str] = {}
    for place in found:
        secrets.setdefault(place.secret, place.name)
    for credentials in [secret for secret, name in secrets.items() if name == "credentials"]:
        password = basic_secret(credentials)
        if password is not None:
            secrets.setdefault(unquote_plus(password), "client_secret")
            secrets.setdefault(password, "client_secret")
    return secrets


def _texts(request: Request, response: Response | None) -> Iterator[tuple[str, Finder]]:
    yield request.path, in_text
    yield request.query, in_form
    for message in (request, response):
        if message is not None:
            yield from ((value, in_header(name)) for name, value in message.headers)
            yield shown(message.body), in_body(message.header("content-type"))


class Redaction:
    """The secrets of one exchange, taken out of any text of it.

    What stands in a place for secrets goes, however short it is and however it is spelled. The secrets that are known
    also go from everywhere else, when they are long enough to be told from other words.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.secrets = secrets
        self._places: dict[tuple[str, Finder], list[Place]] = {}
        spellings: dict[str, str] = {}
        for secret, name in secrets.items():
            if len(secret) >= (_SHORTEST_COOKIE if name == COOKIE else _SHORTEST):
                spellings |= dict.fromkeys(_spellings(secret), marked(name, secret))
        self._spellings = sorted(spellings.items(), key=lambda item: -len(item[0]))

    @classmethod
    def of(cls, request: Request, response: Response | None, known: Mapping[str, str] = _NONE) -> Self:
        """Make the redaction of an exchange, of what is known to be secret too; its texts are searched once, here."""
        found = {key: places(*key) for key in _texts(request, response)}
        made = cls({**known, **_named(place for each in found.values() for place in each)})
        made._places = found
        return made

    def __call__(self, text: str, finder: Finder = in_text) -> str:
        """Give the text with a fingerprint in the place of every secret."""
        found = self._places.get((text, finder))
        pieces: list[str] = []
        done = 0
        for place in places(text, finder) if found is None else found:
            pieces += (self._elsewhere(text[done : place.start]), marked(place.name, place.secret))
            done = place.end
        return "".join((*pieces, self._elsewhere(text[done:]))) if pieces else self._elsewhere(text)

    def _elsewhere(self, text: str) -> str:
        for spelling, mark in self._spellings:
            if spelling in text:
                text = text.replace(spelling, mark)
        return text

    def cut(self, text: str, finder: Finder = in_text) -> str:
        """Give a text that may end within a secret, without that beginning of it either."""
        whole = self(text, finder)
        for spelling, mark in self._spellings:
            begin = whole.find(spelling[:_SHORTEST], max(0, len(whole) - len(spelling) + 1))
            while begin >= 0:
                if spelling.startswith(whole[begin:]):
                    return whole[:begin] + mark
                begin = whole.find(spelling[:_SHORTEST], begin + 1)
        return whole

    def headers(self, items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Give headers without secrets."""
        return [(name, self(value, in_header(name))) for name, value in items]


class Revealed(Redaction):
    """What takes nothing out, for those who asked to see the secrets."""

    def __call__(self, text: str, _finder: Finder = in_text) -> str:
        """Give the text as it is."""
        return text


def _spellings(secret: str) -> set[str]:
    """Give the ways in which a secret may be written: plainly, in a URL, in JSON, in HTML."""
    if _PLAIN.fullmatch(secret):
        return {secret}
    safe = ("", "/", "!'()*")
    upper = {spell(secret, safe=kept, errors="replace") for spell in (quote, quote_plus) for kept in safe}
    lower = {_PERCENT.sub(lambda found: found[0].lower(), spelling) for spelling in upper}
    in_json = {json.dumps(secret, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False)}
    return {secret, whole(secret), html.escape(secret), *upper, *lower, *in_json}


def decoded(secrets: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Say what the secrets hold, by fingerprint: a token's header and claims, a verifier's S256 challenge."""
    meaning: dict[str, dict[str, Any]] = {}
    for secret, name in secrets.items():
        if name == "code_verifier":
            digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
            meaning[fingerprint(secret)] = {"S256": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}
        elif secret.startswith("eyJ") and secret.count(".") == _DOTS:
            header, claims, _ = secret.split(".")
            meaning[fingerprint(secret)] = {"header": _segment(header), "claims": _segment(claims)}
    return meaning


_DOTS: Final = 2


def _segment(text: str) -> Any:
    """Read a segment of a JWT; None for what is no JSON."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
