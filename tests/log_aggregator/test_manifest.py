"""Reading raindrop.manifest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.log_aggregator.manifest import read_manifest
from sandbox.world import World, merged

REPORTED = """
mcp_service "log-aggregator" {
  visibility = "protected"
  authorization_server = "https://api.workos.com/sso/authorize"
}
"""

WHOLE = """
// A whole application, as Raindrop's own examples are written.
application "call-me-back" {

  env "CARRIER_TOKEN" {
    secret = true
  }

  # The public side
  service "web" {
    visibility = "public"
    domain {
      cname = "call-me-back.example"
    }
  }

  mcp_service "log-aggregator" {
    /* Who signs people in */
    visibility           = "protected" // needed
    authorization_server = "https://auth.example"
    domain {
      cname = "logs.example"
    }
  }

  smartbucket "recordings" {}
  queue "callbacks" {
  }
  observer "on-callback" {
    source {
      queue = "callbacks"
      rule { actions = ["PutObject", "DeleteObject"] }
    }
  }
  task "nightly" {
    type = "cron"
    cron = "0 3 * * *"
  }
}
"""


def written(folder: Path, text: str | bytes) -> Path:
    """Write a manifest."""
    path = folder / "raindrop.manifest"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def service(visibility: str, server: str | None = None) -> dict[str, Any]:
    """Give the overlay that a manifest should lead to."""
    settings = {"visibility": visibility, "path": "/"}
    return {"service": settings | ({"authorization_server": server} if server else {})}


def refusal(path: Path) -> str:
    """Read a manifest that cannot be used, and give what is said of it, without the folder."""
    with pytest.raises(SandboxError) as caught:
        read_manifest(path)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(path))
    return said.removeprefix(str(path.parent)).lstrip("/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REPORTED, service("protected", "https://api.workos.com/sso/authorize")),
        (WHOLE, service("protected", "https://auth.example")),
        ('mcp_service "x" {\n  visibility = "public"\n}\n', service("public")),
        ('mcp_service "x" { visibility = "public" }', service("public")),
        ('mcp_service x {\n  visibility = "public"\n}\n', service("public")),
        (REPORTED.replace("\n", "\r\n"), service("protected", "https://api.workos.com/sso/authorize")),
        ("\ufeff" + REPORTED, service("protected", "https://api.workos.com/sso/authorize")),
        (
            REPORTED.replace("sso/authorize", "a\\u0062?x=$1&y=50%"),
            service("protected", "https://api.workos.com/ab?x=$1&y=50%"),
        ),
        (
            REPORTED.replace("log-aggregator", "another-name"),
            service("protected", "https://api.workos.com/sso/authorize"),
        ),
        (
            REPORTED + 'mcp_service "other" {\n  visibility = "nonsense"\n}\n',
            service("protected", "https://api.workos.com/sso/authorize"),
        ),
        (
            REPORTED + 'application "a" {\n  mcp_service "other" {}\n}\n',
            service("protected", "https://api.workos.com/sso/authorize"),
        ),
        (REPORTED.replace('"protected"', '"public"'), service("public", "https://api.workos.com/sso/authorize")),
    ],
)
def test_manifests_that_can_be_read(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    """The block of the service says who may ask and who signs in, wherever it stands; Raindrop serves it at /."""
    assert read_manifest(written(tmp_path, text)) == expected


def test_the_settings_are_the_world_s(tmp_path: Path) -> None:
    """What a manifest says can be laid over the world."""
    world = merged(World(), read_manifest(written(tmp_path, REPORTED)))
    assert world.service.path == "/"
    assert world.service.authorization_server == "https://api.workos.com/sso/authorize"


def test_another_service_can_be_asked_for(tmp_path: Path) -> None:
    """Of several services the one asked for counts."""
    path = written(tmp_path, REPORTED + 'mcp_service "other" {\n  visibility = "public"\n}\n')
    assert read_manifest(path, "other") == service("public")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "raindrop.manifest: There is no mcp_service block."),
        ("a = 1\n", "raindrop.manifest: There is no mcp_service block."),
        (
            'application "a" {\n  service "web" {}\n  mcp_servce "b" {}\n}\n',
            (
                "raindrop.manifest: There is no mcp_service block. Did you mean `mcp_servce`?"
                " There are: `application`, `mcp_servce`, `service`."
            ),
        ),
        ('mcp_service = "x"\n', "raindrop.manifest: There is no mcp_service block."),
        (
            'mcp_service "log-agregator" {}\nmcp_service "b" {}\n',
            (
                "raindrop.manifest: There are 2 mcp_service blocks, and none is named `log-aggregator`."
                " Did you mean `log-agregator`? They are: `log-agregator`, `b`."
            ),
        ),
        (REPORTED + REPORTED, "raindrop.manifest:7: There is a second mcp_service `log-aggregator`; keep one."),
        (
            REPORTED.replace("protected", "private"),
            (
                "raindrop.manifest:2: mcp_service `log-aggregator` has the visibility `private`."
                " Allowed: `protected`, `public`."
            ),
        ),
        (
            REPORTED.replace("protected", "Protectd"),
            (
                "raindrop.manifest:2: mcp_service `log-aggregator` has the visibility `Protectd`."
                " Did you mean `protected`? Allowed: `protected`, `public`."
            ),
        ),
        (
            'mcp_service "x" {\n}\n',
            "raindrop.manifest:1: mcp_service `x` has no visibility. Allowed: `protected`, `public`.",
        ),
        (
            'mcp_service "x" {\n  visibility = "protected"\n}\n',
            (
                "raindrop.manifest:1: mcp_service `x` is protected and names no authorization_server."
                ' Add authorization_server = "https://…", the issuer whose tokens it accepts.'
            ),
        ),
        (
            'mcp_service "x" {\n  visibility = "protected"\n  authorization_server = ""\n}\n',
            (
                "raindrop.manifest:1: mcp_service `x` is protected and names no authorization_server."
                ' Add authorization_server = "https://…", the issuer whose tokens it accepts.'
            ),
        ),
        (
            REPORTED.replace("authorization_server", "authorisation_server"),
            (
                "raindrop.manifest:4: `authorisation_server` is no attribute of an mcp_service."
                " Did you mean `authorization_server`? Allowed: `visibility`, `authorization_server`."
            ),
        ),
        (
            'mcp_service "x" {\n  visibility = "public"\n  visibility = "protected"\n}\n',
            "raindrop.manifest:3: `visibility` is set twice.",
        ),
        (
            REPORTED.replace('"protected"', '"${var.visibility}"'),
            'raindrop.manifest:3: `visibility` must be a plain text in double quotes, such as "public".',
        ),
        (
            REPORTED.replace('"protected"', "protected"),
            'raindrop.manifest:3: `visibility` must be a plain text in double quotes, such as "public".',
        ),
        (
            REPORTED.replace('"protected"', "true"),
            'raindrop.manifest:3: `visibility` must be a plain text in double quotes, such as "public".',
        ),
        (
            REPORTED.replace('"protected"', "<<EOT\nprotected\nEOT"),
            'raindrop.manifest:3: `visibility` must be a plain text in double quotes, such as "public".',
        ),
        (
            REPORTED.replace("visibility =", "visibility:"),
            "raindrop.manifest:3:13: This is no HCL: `:` does not belong here.",
        ),
        (
            REPORTED.replace(' "protected"', ""),
            "raindrop.manifest:3:15: This is no HCL: something is missing here.",
        ),
        (REPORTED.replace("}", ""), "raindrop.manifest:6:1: This is no HCL: something is missing here."),
        ("{}\n", "raindrop.manifest:1:1: This is no HCL: `{}` does not belong here."),
        ("a = " + "[" * 20000 + "]" * 20000, "raindrop.manifest: This is no HCL that can be read."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "raindrop.manifest: This is no text; a manifest is HCL in UTF-8."),
        (b'a = "\x00"\n', "raindrop.manifest: This is no text; a manifest is HCL in UTF-8."),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    """A manifest that cannot be used is refused with the place, the mistake, and what would be right."""
    assert refusal(written(tmp_path, text)) == said


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there is said to be missing."""
    assert refusal(tmp_path / "raindrop.manifest") == "raindrop.manifest: There is no such file."


def test_a_directory_is_told_with_the_file_that_was_meant(tmp_path: Path) -> None:
    """Given the project's folder, the refusal names the file in it."""
    folder = tmp_path / "app"
    folder.mkdir()
    assert refusal(folder).startswith("app: This is a directory; name the file, `")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A path that is no ordinary file is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "pipe: This is no file."


@settings(max_examples=60)
@given(st.text(max_size=40) | st.text(st.sampled_from('mcp_service"x" {}\n=<$%#/*[]\\1'), max_size=60))
def test_no_text_fails_in_another_way(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a file holds, it is read or refused with a SandboxError."""
    path = tmp_path_factory.getbasetemp() / "any.manifest"
    path.write_text(text, errors="replace")
    with pytest.raises(SandboxError) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)
