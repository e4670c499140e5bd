"""Kinds of text that several settings share."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from sandbox.durations import ALLOWED, PATTERN

Duration = Annotated[str, Meta(pattern=PATTERN, description=ALLOWED)]

HeaderText = Annotated[str, Meta(pattern=r"^[\t\x20-\x7e\xa0-\xff]*$", description="one line of Latin-1 text")]
"""What can be sent in a header (RFC 9110, section 5.5)."""

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]

Provider = Literal[
    "AppleOAuth",
    "BitbucketOAuth",
    "GitHubOAuth",
    "GitLabOAuth",
    "GoogleOAuth",
    "IntuitOAuth",
    "LinkedInOAuth",
    "MicrosoftOAuth",
    "SalesforceOAuth",
    "SlackOAuth",
    "VercelMarketplaceOAuth",
    "VercelOAuth",
    "XeroOAuth",
]
"""Whose accounts people sign in with, of no organization: what a `provider` can name."""

ConnectionType = Literal[
    Provider,
    "Pending",
    "Auth0Migration",
    "DiscordOAuth",
    "MagicLink",
    "TestIdp",
    "AdpOidc",
    "CleverOIDC",
    "EntraIdOIDC",
    "GenericOIDC",
    "GoogleOIDC",
    "LoginGovOidc",
    "OktaOIDC",
    "ADFSSAML",
    "Auth0SAML",
    "AzureSAML",
    "CasSAML",
    "ClassLinkSAML",
    "CloudflareSAML",
    "CyberArkSAML",
    "DuoSAML",
    "GenericSAML",
    "GoogleSAML",
    "JumpCloudSAML",
    "KeycloakSAML",
    "LastPassSAML",
    "MiniOrangeSAML",
    "NetIqSAML",
    "OktaSAML",
    "OneLoginSAML",
    "OracleSAML",
    "PingFederateSAML",
    "PingOneSAML",
    "RipplingSAML",
    "SalesforceSAML",
    "ShibbolethGenericSAML",
    "ShibbolethSAML",
    "SimpleSamlPhpSAML",
    "VMwareSAML",
]
"""Every `connection_type` of WorkOS's OpenAPI document."""
