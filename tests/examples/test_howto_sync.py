import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("login.py")


def test_a_program_signs_in_by_itself(sandbox):
    subprocess.run(
        [sys.executable, PROGRAM, sandbox.addresses.workos], env=os.environ | sandbox.environment, check=True
    )
    assert [exchange.step for exchange in sandbox.trace if exchange.asker == "client"] == ["registration"]
