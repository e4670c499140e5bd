"""Authenticator apps, over the API."""

from __future__ import annotations

import base64
import struct
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.workos.api.calls import Api
from tests.workos.driver import ADA

FACTORS = f"/user_management/users/{ADA}/auth_factors"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_one_that_is_enrolled_can_be_read_by_an_app(api: Api) -> None:
    """The answer has the secret, the URI that an app reads, and a picture of that URI; a challenge waits."""
    made = api.post(FACTORS, {"type": "totp", "totp_issuer": "Nearby & Co", "totp_user": "ada@park.example"})
    assert made.status == 201
    factor, challenge = made.json["authentication_factor"], made.json["authentication_challenge"]
    uri = urlsplit(factor["totp"]["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Nearby & Co:ada@park.example")
    assert "+" not in uri.query  # some apps show it as it stands
    assert parse_qs(uri.query) == {"secret": [factor["totp"]["secret"]], "issuer": ["Nearby & Co"]}
    assert len(base64.b32decode(factor["totp"]["secret"])) == 20
    kind, _, picture = factor["totp"]["qr_code"].partition(",")
    assert kind == "data:image/png;base64"
    width, height = struct.unpack(">II", base64.b64decode(picture)[16:24])
    assert width == height > 100
    assert challenge["authentication_factor_id"] == factor["id"]


def test_the_secret_is_shown_once(api: Api) -> None:
    """The list has the issuer and the account, and no secret."""
    body = {"type": "totp", "totp_secret": SECRET}
    made = api.post(FACTORS, body).json["authentication_factor"]
    assert made["totp"]["secret"] == SECRET
    (listed,) = api.get(FACTORS).json["data"]
    assert listed["totp"] == {"issuer": "Sandbox", "user": "ada@nearby-notebooks.example"}
    assert SECRET not in str(listed)
    assert listed["id"] == made["id"]


def test_a_secret_may_be_written_as_people_read_it_out(api: Api) -> None:
    """Small letters, spaces and padding are no part of it."""
    body = {"type": "totp", "totp_secret": "jbsw y3dp ehpk 3pxp jb======"}
    assert api.post(FACTORS, body).json["authentication_factor"]["totp"]["secret"] == "JBSWY3DPEHPK3PXPJB"


def test_one_of_the_settings_is_listed(api: Api) -> None:
    """A user of the settings who has a TOTP secret has an authenticator app."""
    ada = {"id": ADA, "email": "ada@x.example", "first_name": "Ada", "last_name": "P", "totp_secret": SECRET}
    api.workos.set(users=[ada])
    assert [one["type"] for one in api.get(FACTORS).json["data"]] == ["totp"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "sms"},
        {"type": "totp", "totp_secret": "not base32!"},
        {"type": "totp", "totp_secret": "ABC"},
        {"type": "totp", "totp_secret": "A" * 17},
        {"type": "totp", "totp_secret": "A" * 136},
        {"type": "totp", "totp_issuer": "é" * 500},
        {"type": "totp", "totp_user": 1},
    ],
)
def test_a_bad_body_enrols_nothing(api: Api, body: Any) -> None:
    """Another kind, or a secret that no app could take, is refused."""
    assert api.post(FACTORS, body).status == 422
    assert api.get(FACTORS).json["data"] == []
