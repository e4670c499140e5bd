"""Organizations and their domains (WorkOS, reference: Organizations, Organization Domains)."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec
from flask import Response, jsonify, request
from msgspec import UNSET, Struct, UnsetType, field

from sandbox.workos.api.errors import ApiError, invalid, not_found, refused
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.metadata import Metadata, merged
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory import Directory
from sandbox.workos.directory.applications import Application, ClientSecret
from sandbox.workos.directory.entities import Connection, Domain, Entity, Membership, Organization
from sandbox.workos.directory.invitations import Invitation
from sandbox.workos.directory.profiles import Profile
from sandbox.workos.directory.sessions import Session
from sandbox.workos.directory.user_keys import UserKey

blueprint = keyed("organizations")


class DomainData(Struct):
    """A domain as one gives it."""

    domain: str
    state: Literal["pending", "verified"]


class NewOrganization(Struct, kw_only=True):
    """The body that makes an organization."""

    name: str
    allow_profiles_outside_organization: bool = False
    domains: list[str] = field(default_factory=list)
    domain_data: list[DomainData] = field(default_factory=list)
    metadata: Metadata | None = None
    external_id: str | None = None


class ChangedOrganization(Struct, kw_only=True):
    """The body that changes an organization; what it does not name stays."""

    name: str | UnsetType = UNSET
    allow_profiles_outside_organization: bool | UnsetType = UNSET
    domains: list[str] | UnsetType = UNSET
    domain_data: list[DomainData] | UnsetType = UNSET
    stripe_customer_id: str | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET


class NewDomain(Struct):
    """The body that makes a domain."""

    domain: str
    organization_id: str


_OF_ITS_OWN: Final = {"domains", "domain_data", "metadata"}
"""The fields of a change that are not simply put in place."""


_DOMAIN: Final = re.compile(r"([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W_]([\w-]{0,61}[^\W_])?")
"""Two labels or more of letters, digits and hyphens (RFC 1123, section 2.1), those of other scripts among them."""
_LONGEST_DOMAIN: Final = 253

HANGS_ON_ORGANIZATION: Final[tuple[type[Entity], ...]] = (
    Domain,
    Membership,
    Connection,
    Application,
    Invitation,
    Profile,
    Session,
    UserKey,
)
"""What has an `organization_id`, and goes when the organization does."""


def shown(organization: Organization) -> dict[str, Any]:
    """Give the JSON of an organization, its domains with it."""
    domains = authkit().directory.all(Domain, organization_id=organization.id)
    return organization.shown() | {"domains": [domain.shown() for domain in domains]}


@blueprint.get("/organizations")
def list_organizations() -> Response:
    """List organizations, of these `domains`, or whose name has the text of `search`."""
    directory = authkit().directory
    organizations = directory.all(Organization)
    wanted = {name.lower() for name in (*request.args.getlist("domains"), *request.args.getlist("domains[]"))}
    if wanted:
        owners = {domain.organization_id for domain in directory.all(Domain) if domain.domain in wanted}
        organizations = [one for one in organizations if one.id in owners]
    search = request.args.get("search", "").lower()
    return page([one for one in organizations if search in one.name.lower()], shown)


@blueprint.post("/organizations")
def create_organization() -> tuple[Response, int]:
    """Make an organization."""
    asked, directory = body(NewOrganization), authkit().directory
    _check_name(asked.name)
    domains = _domains(asked.domains, asked.domain_data)
    _check_free(directory, None, domains, {"external_id": asked.external_id})
    organization = directory.make(
        Organization,
        name=asked.name,
        allow_profiles_outside_organization=asked.allow_profiles_outside_organization,
        metadata=merged({}, asked.metadata or {}),
        external_id=asked.external_id,
    )
    _put_domains(directory, organization, domains)
    return jsonify(shown(organization)), 201


@blueprint.get("/organizations/<organization_id>")
def get_organization(organization_id: str) -> Response:
    """Give an organization."""
    return jsonify(shown(found(Organization, organization_id)))


@blueprint.get("/organizations/external_id/<path:external_id>")
def get_organization_by_external_id(external_id: str) -> Response:
    """Give the organization that the app knows by an id of its own."""
    organization = authkit().directory.first(Organization, external_id=external_id)
    if organization is None:
        raise not_found("Organization", external_id)
    return jsonify(shown(organization))


@blueprint.put("/organizations/<organization_id>")
def update_organization(organization_id: str) -> Response:
    """Change an organization."""
    organization, asked, directory = (
        found(Organization, organization_id),
        body(ChangedOrganization),
        authkit().directory,
    )
    changes = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}
    plain = {name: value for name, value in changes.items() if name not in _OF_ITS_OWN}
    if "name" in plain:
        _check_name(plain["name"])
    if "metadata" in changes:
        plain["metadata"] = merged(organization.metadata, changes["metadata"] or {})
    domains = _domains(changes.get("domains", ()), changes.get("domain_data", ()))
    _check_free(directory, organization, domains, plain)
    organization = directory.change(organization, **plain)
    if "domains" in changes or "domain_data" in changes:
        _put_domains(directory, organization, domains)
    return jsonify(shown(organization))


@blueprint.delete("/organizations/<organization_id>")
def delete_organization(organization_id: str) -> tuple[str, int]:
    """Delete an organization, with all that hangs on it."""
    organization, directory = found(Organization, organization_id), authkit().directory
    for kind in HANGS_ON_ORGANIZATION:
        for one in directory.all(kind, organization_id=organization.id):
            for secret in directory.all(ClientSecret, application_id=one.id):
                directory.remove(secret)
            directory.remove(one)
    directory.remove(organization)
    authkit().revoke(organization=organization.id)
    authkit().forget_orphans()
    return "", 202


# --- domains ---------------------------------------------------------------------------------------------------------


@blueprint.post("/organization_domains")
def create_domain() -> tuple[Response, int]:
    """Make a domain, which waits to be verified."""
    asked, directory = body(NewDomain), authkit().directory
    organization = found(Organization, asked.organization_id)
    ((name, _state),) = _domains([asked.domain], ())
    if directory.first(Domain, domain=name):
        raise ApiError(409, f"The domain '{name}' belongs to an organization already.", "domain_already_exists")
    return jsonify(_made_domain(directory, organization, name, "pending").shown()), 201


@blueprint.get("/organization_domains/<domain_id>")
def get_domain(domain_id: str) -> Response:
    """Give a domain."""
    return jsonify(found(Domain, domain_id).shown())


@blueprint.delete("/organization_domains/<domain_id>")
def delete_domain(domain_id: str) -> tuple[str, int]:
    """Delete a domain."""
    authkit().directory.remove(found(Domain, domain_id))
    return "", 204


@blueprint.post("/organization_domains/<domain_id>/verify")
def verify_domain(domain_id: str) -> tuple[Response, int]:
    """Verify a domain: in the sandbox the DNS record is always there."""
    domain = found(Domain, domain_id)
    if domain.state == "verified":
        raise refused("domain_already_verified", f"The domain '{domain.domain}' is verified already.")
    return jsonify(authkit().directory.change(domain, state="verified").shown()), 201


# --- rules -----------------------------------------------------------------------------------------------------------


def _check_name(name: str) -> None:
    if not name.strip():
        raise invalid("name", "required", "The name must not be empty.")


def _domains(names: Any, data: Any) -> list[tuple[str, str]]:
    """Give the domains asked for, with their states; raise ApiError 422 for what is no domain name."""
    wanted = [(name, "verified") for name in names] + [(one.domain, one.state) for one in data]
    for name, _ in wanted:
        if len(name) > _LONGEST_DOMAIN or _DOMAIN.fullmatch(name) is None:
            raise invalid("domain", "invalid", f"'{name}' is no domain name.")
    return list({name.lower(): state for name, state in wanted}.items())


def _check_free(
    directory: Directory, itself: Organization | None, domains: list[tuple[str, str]], fields: dict[str, Any]
) -> None:
    """Raise ApiError for a domain or an id of the app's own that another organization has."""
    own = itself.id if itself else None
    for name, _ in domains:
        owner = directory.first(Domain, domain=name)
        if owner is not None and owner.organization_id != own:
            raise ApiError(409, f"The domain '{name}' belongs to another organization.", "domain_already_exists")
    for name in ("external_id", "stripe_customer_id"):
        value = fields.get(name)
        other = directory.first(Organization, **{name: value}) if value else None
        if other is not None and other.id != own:
            raise refused(f"{name}_already_used", f"Another organization has the {name} '{value}'.")


def _put_domains(directory: Directory, organization: Organization, domains: list[tuple[str, str]]) -> None:
    """Let an organization have these domains, and no others."""
    had = {domain.domain: domain for domain in directory.all(Domain, organization_id=organization.id)}
    for name, domain in had.items():
        if name not in dict(domains):
            directory.remove(domain)
    for name, state in domains:
        if name not in had:
            _made_domain(directory, organization, name, state)


def _made_domain(directory: Directory, organization: Organization, name: str, state: str) -> Domain:
    server = authkit()
    return directory.make(
        Domain,
        organization_id=organization.id,
        domain=name,
        state=state,
        verification_strategy="manual" if state == "verified" else "dns",
        verification_token=None if state == "verified" else server.sources.secret(25),
        verification_prefix=None if state == "verified" else "workos-verification",
    )
