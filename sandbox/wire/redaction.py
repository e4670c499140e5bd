"""Taking the secrets out of an exchange before anybody sees it.

A secret becomes a short fingerprint, the same wherever it appears, so that a reader can still follow one code or token
through the flow. What a token says is kept, decoded and unsigned.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from sandbox.wire.message import Request, Response

SECRET_NAMES: Final = frozenset(
    {
        "access_token",
        "api_key",
        "assertion",
        "authorization_session_id",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "device_code",
        "id_token",
        "id_token_hint",
        "password",
        "refresh_token",
        "registration_access_token",
        "subject_token",
        "token",
        "user_code",
    }
)
"""The names of form fields, query fields and JSON fields whose values are secrets."""

_JWT: Final = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_SHORTEST_ANYWHERE: Final = 6


def fingerprint(secret: str) -> str:
    """Give eight hexadecimal digits that stand for a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def secrets_of(request: Request, response: Response | None) -> dict[str, str]:
    """Find the secrets of an exchange, each with the name of what it is."""
    found: dict[str, str] = {}
    for name, value in _named_secrets(request, response):
        found.setdefault(value, name)
    return found


def _named_secrets(request: Request, response: Response | None) -> Iterator[tuple[str, str]]:
    yield from _authorization(request.header("authorization") or "")
    yield from _cookies(value for name, value in request.headers if name.lower() == "cookie")
    yield from _in_fields(request.form.items())
    yield from _in_query(request.header("referer") or "")
    yield from _in_json(request.json)
    texts = [request.body.decode("utf-8", "replace"), request.path]
    if response is not None:
        yield from _cookies(value.partition(";")[0] for name, value in response.headers if name.lower() == "set-cookie")
        yield from _in_query(response.header("location") or "")
        content_type = response.header("content-type") or ""
        if content_type.startswith("text/event-stream"):
            for line in response.body.splitlines():
                if line.startswith(b"data:"):
                    yield from _in_json(_loads(line[5:]))
        else:
            yield from _in_json(response.json)
        if content_type.startswith("application/x-www-form-urlencoded"):
            yield from _in_fields(parse_qsl(response.body.decode("utf-8", "replace")))
        texts += [response.body.decode("utf-8", "replace"), *(value for _, value in response.headers)]
    for text in texts:
        yield from (("token", jwt) for jwt in _JWT.findall(text))


def _authorization(value: str) -> Iterator[tuple[str, str]]:
    scheme, _, credentials = value.partition(" ")
    credentials = credentials.strip()
    if not credentials:
        if scheme:
            yield "credentials", scheme
        return
    yield ("access_token" if scheme.lower() == "bearer" else "credentials"), credentials
    if scheme.lower() == "basic":
        try:
            user_pass = base64.b64decode(credentials).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        secret = user_pass.partition(":")[2]
        if secret:
            yield "client_secret", secret


def _cookies(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    for value in values:
        for pair in value.split(";"):
            secret = pair.partition("=")[2].strip().strip('"')
            if secret:
                yield "cookie", secret


def _in_fields(fields: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name, value in fields if name in SECRET_NAMES and value)


def _in_query(url: str) -> Iterator[tuple[str, str]]:
    parts = urlsplit(url)
    yield from _in_fields(parse_qsl(parts.query) + parse_qsl(parts.fragment))


def _in_json(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if "jsonrpc" in value and "error" in value:
            return  # a JSON-RPC error code is no authorization code
        for name, item in value.items():
            if isinstance(item, str) and item and name in SECRET_NAMES:
                yield name, item
            else:
                yield from _in_json(item)
    elif isinstance(value, list):
        for item in value:
            yield from _in_json(item)


def _loads(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


class Redaction:
    """The secrets of one exchange, taken out of any text of it."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._marks = {secret: f"‹{name} {fingerprint(secret)}›" for secret, name in secrets.items()}
        spellings = {
            spelling: mark for secret, mark in self._marks.items() for spelling in (secret, quote(secret, safe=""))
        }
        longest_first = sorted(spellings, key=len, reverse=True)
        anywhere = [re.escape(text) for text in longest_first if len(text) >= _SHORTEST_ANYWHERE]
        short = [re.escape(text) for text in longest_first if len(text) < _SHORTEST_ANYWHERE]
        # A short value is only taken out where it stands alone, lest it take pieces out of words.
        patterns = anywhere + [rf"(?<![\w-]){text}(?![\w-])" for text in short]
        self._spellings = spellings
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, text: str) -> str:
        """Give the text with a fingerprint in the place of every secret."""
        return self._pattern.sub(lambda match: self._spellings[match[0]], text) if self._pattern else text


def decoded(secrets: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Say what the secrets hold, by fingerprint: a token's header and claims, a verifier's S256 challenge."""
    meaning: dict[str, dict[str, Any]] = {}
    for secret, name in secrets.items():
        if name == "code_verifier":
            digest = hashlib.sha256(secret.encode()).digest()
            meaning[fingerprint(secret)] = {"S256": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}
        elif _JWT.fullmatch(secret):
            header, claims, _ = secret.split(".")
            meaning[fingerprint(secret)] = {"header": _segment(header), "claims": _segment(claims)}
    return meaning


def _segment(text: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return None
