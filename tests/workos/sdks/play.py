"""Calls of an SDK in the order of a table, and what of their outcomes is not as the table says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import yaml

from sandbox.browser import visit
from tests.workos.api.calls import NOTEBOOKS
from tests.workos.sdks.sdk import Outcome, Sdk

CLIENT_ID: Final = "client_01SANDB0XENV1R0NMENT0000000"
CALLBACK: Final = "http://localhost:3000/callback"
_VERIFIER: Final = "a-verifier-of-forty-three-characters-or-more-1234"
_REFERENCE: Final = re.compile(r"\{(totp:)?([a-z_]+[\w.]*)\}")

WORLD: Final = {
    "workos": {
        "connections": [
            {"id": f"conn_01SANDB0X{kind.upper():0<17}", "organization": NOTEBOOKS, "type": kind, "name": kind}
            for kind in ("OktaSAML", "GenericOIDC")
        ]
    }
}
"""A world with a connection that an SDK can end a sign-in of."""

Call = dict[str, Any]


def table(name: str, version: int | None = None) -> list[Call]:
    """Read the calls of an SDK; with a version, those that it has."""
    read: list[Call] = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))
    return [call for call in read if call.get("in", version) == version]


def lacking() -> list[str]:
    """Read which methods, of all SDKs, ask for what the sandbox does not emulate."""
    return (Path(__file__).parent / "lacking.txt").read_text(encoding="utf-8").split()


def known(cookie_password: str) -> dict[str, Any]:
    """Give what is known before the first call."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": CLIENT_ID,
        "callback": CALLBACK,
        "cookie_password": cookie_password,
        "code_verifier": _VERIFIER,
        "code_challenge": challenge,
    }


def played(sdk: Sdk, calls: list[Call], kept: dict[str, Any]) -> Iterator[str]:
    """Make every call, keep what is kept of it, and tell what is not as the table says."""
    for call in calls:
        try:
            yield from _made(sdk, call, kept)
        except LookupError as error:
            yield f"{call} needs {error}, which no call before it gave"


def _made(sdk: Sdk, call: Call, kept: dict[str, Any]) -> Iterator[str]:
    if "visit" in call:
        there = visit(filled(call["visit"], kept), user=call.get("user"), callback=CALLBACK)
        outcome = Outcome(dict(parse_qsl(urlsplit(there.url).query)))
    else:
        outcome = sdk.ask(call["call"], filled(call.get("with"), kept), call.get("then", []))
    if "as" in call:
        kept[call["as"]] = outcome.error or outcome.value
    yield from _objections(call, outcome, filled(call.get("gives"), kept))


def _objections(call: Call, outcome: Outcome, gives: Any) -> Iterator[str]:
    name = call.get("call", "visit")
    raises = call.get("raises")
    if raises is not None:
        yield from wrong_error(name, outcome, raises)
        if "says" in call and (outcome.error or {}).get("rawData", {}).get("code") != call["says"]:
            yield f"{name} says {outcome.error}, not {call['says']}"
    elif outcome.error is not None:
        yield f"{name} raised {outcome.error}"
    elif gives is not None and not is_part(gives, outcome.value):
        yield f"{name} gave {json.dumps(outcome.value)[:600]}, not {gives}"


def wrong_error(name: str, outcome: Outcome, raises: str | list[str]) -> Iterator[str]:
    """Tell an outcome that is no error of one of these classes."""
    classes = [raises] if isinstance(raises, str) else raises
    if (outcome.error or {}).get("name") not in classes:
        yield f"{name} ended in {outcome.error or json.dumps(outcome.value)[:300]}, not in {' or '.join(classes)}"


def has_reference(given: Any) -> bool:
    """Say whether arguments name something that an earlier call made."""
    return any(name not in known("") for _, name in _REFERENCE.findall(json.dumps(given)))


def filled(given: Any, kept: dict[str, Any], *, unknown: str | None = None) -> Any:
    """Fill in the references; with `unknown`, that in the place of everything that an earlier call made."""
    if isinstance(given, dict):
        return {name: filled(value, kept, unknown=unknown) for name, value in given.items()}
    if isinstance(given, list):
        return [filled(value, kept, unknown=unknown) for value in given]
    reference = _REFERENCE.fullmatch(given) if isinstance(given, str) else None
    if reference is None:
        return given
    if unknown is not None and reference[2] not in known(""):
        return unknown
    value: Any = kept
    for part in reference[2].split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return _totp(value) if reference[1] else value


def _totp(secret: str) -> str:
    """Give the code that an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF) % 10**6:06}"


def is_part(wanted: Any, value: Any) -> bool:
    """Say whether a value holds all that is wanted of it; a list has just as many elements."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(name in value and is_part(wanted[name], value[name]) for name in wanted)
    if isinstance(wanted, list):
        return isinstance(value, list) and len(wanted) == len(value) and all(map(is_part, wanted, value))
    return bool(wanted == value)
