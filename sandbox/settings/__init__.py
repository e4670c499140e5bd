"""The settings of both systems, each with its healthy value: the WorkOS dashboard's, and the service's own."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from sandbox.settings.authentication import Authentication
from sandbox.settings.kinds import AuthMethod, Duration, HeaderText
from sandbox.settings.people import Connection, Membership, Organization, User
from sandbox.settings.service import Challenge, Features, Service
from sandbox.settings.workos import AccessToken, Application, RefreshToken, WorkOS

__all__ = [
    "AccessToken",
    "Application",
    "AuthMethod",
    "Authentication",
    "Challenge",
    "Clock",
    "Connection",
    "Duration",
    "Features",
    "HeaderText",
    "Membership",
    "Organization",
    "RefreshToken",
    "Service",
    "Tls",
    "User",
    "WorkOS",
]


class Clock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the clocks are off."""

    workos: Annotated[Duration, Meta(description="ahead of the true time; behind it with a minus")] = "0s"
    service: Annotated[Duration, Meta(description="ahead of the true time; behind it with a minus")] = "0s"


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ports speak HTTPS."""

    workos: Annotated[
        Literal["off", "on", "untrusted"],
        Meta(description="`on`: with a certificate of the sandbox's own CA; `untrusted`: of a CA that nobody knows"),
    ] = "off"
    mcp: Annotated[Literal["off", "on", "untrusted"], Meta(description="the same for log-aggregator")] = "off"
