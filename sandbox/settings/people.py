"""Who can sign in, and for whom they work: an invented company."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from sandbox.settings.kinds import ConnectionType


class Membership(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a user belongs to an organization."""

    organization: Annotated[str, Meta(description="the id of the organization")]
    role: Annotated[str, Meta(description="one of `workos.roles`")] = "member"


class User(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who can sign in."""

    id: str
    email: str
    first_name: str
    last_name: str
    email_verified: bool = True
    password: Annotated[
        str | None, Meta(description="for sign-in over the API; invented, and shown by the console; null: has none")
    ] = "sandbox-password"
    totp_secret: Annotated[
        Annotated[
            str, Meta(pattern=r"^([A-Z2-7]{8}){2,}([A-Z2-7]{2}|[A-Z2-7]{4,5}|[A-Z2-7]{7})?$", description="base32")
        ]
        | None,
        Meta(description="the secret of an authenticator app; null: none is enrolled"),
    ] = None
    memberships: tuple[Membership, ...] = ()
    external_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


class Organization(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer of the invented app."""

    id: str
    name: str
    domains: Annotated[tuple[str, ...], Meta(description="verified domains")] = ()
    external_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


class Connection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A single sign-on connection of an organization."""

    id: str
    organization: str
    type: Annotated[ConnectionType, Meta(description="WorkOS's connection_type, such as OktaSAML")]
    name: str
    state: Literal["active", "inactive"] = "active"


NOTEBOOKS: Final = Organization(
    id="org_01SANDB0XNEARBYN0TEB00KS00", name="Nearby Notebooks", domains=("nearby-notebooks.example",)
)
PRESS: Final = Organization(
    id="org_01SANDB0XHARB0VRPRESS00000", name="Harbour Press", domains=("harbour-press.example",)
)

ORGANIZATIONS: Final = (NOTEBOOKS, PRESS)

USERS: Final = (
    User(
        id="user_01SANDB0XADA0000000000000000",
        email="ada@nearby-notebooks.example",
        first_name="Ada",
        last_name="Park",
        memberships=(Membership(organization=NOTEBOOKS.id, role="admin"),),
    ),
    User(
        id="user_01SANDB0XBEN0000000000000000",
        email="ben@nearby-notebooks.example",
        first_name="Ben",
        last_name="Okoro",
        memberships=(Membership(organization=NOTEBOOKS.id), Membership(organization=PRESS.id)),
    ),
    User(
        id="user_01SANDB0XCLEM000000000000000",
        email="clem@freelance.example",
        first_name="Clem",
        last_name="Duarte",
    ),
)

CONNECTIONS: Final = (
    Connection(
        id="conn_01SANDB0XNEARBY0KTA0000000",
        organization=NOTEBOOKS.id,
        type="OktaSAML",
        name="Nearby Notebooks Okta",
    ),
    Connection(
        id="conn_01SANDB0XHARB0VRENTRA00000",
        organization=PRESS.id,
        type="EntraIdOIDC",
        name="Harbour Press Entra ID",
    ),
)
