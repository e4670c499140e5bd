"""How the users of the app may sign in: the authentication page of the WorkOS dashboard."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class Authentication(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which methods there are, and what is asked besides."""

    password: Annotated[bool, Meta(description="whether a password signs in")] = True
    magic_auth: Annotated[bool, Meta(description="whether an emailed code signs in")] = True
    sso: Annotated[
        Literal["off", "allowed", "required"],
        Meta(description="single sign-on; `required`: of members of an organization with an active connection"),
    ] = "allowed"
    mfa: Annotated[
        Literal["off", "optional", "required"],
        Meta(description="a code of an authenticator app; `optional`: from who has enrolled one"),
    ] = "optional"
    email_verification: Annotated[
        bool, Meta(description="whether who signs in without showing the address to be theirs must verify it")
    ] = True
    sign_up: Annotated[bool, Meta(description="whether somebody unknown becomes a user")] = True
