"""The doctor as the client under test of @modelcontextprotocol/conformance, which hands over what a scenario gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

DOCUMENT: Final = "https://conformance-test.local/client-metadata.json"
"""The client-id metadata document that the suite wants to see named."""


def main() -> None:
    """Be `sandbox doctor` for the URL that the suite gives, and succeed when it connected."""
    given = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    client_id = given.get("client_id")
    if os.environ.get("MCP_CONFORMANCE_SCENARIO") == "auth/basic-cimd":
        client_id = DOCUMENT
    if "client_secret" in given:
        os.environ["SANDBOX_DOCTOR_CLIENT_SECRET"] = given["client_secret"]
    program = str(Path(sys.executable).parent / "sandbox")
    known = ["--client-id", client_id] if client_id else []
    command = [program, "doctor", "--json", "--sign-in", "--call", "test-tool", *known, sys.argv[-1]]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    sys.stdout.write(done.stdout.decode())
    connected = bool(done.stdout) and json.loads(done.stdout)["signed_in"]
    raise SystemExit(0 if connected else done.returncode)


if __name__ == "__main__":
    main()
