"""What is wrong with a scenario, said in one line to the person who wrote it."""

from __future__ import annotations

from sandbox.errors import SandboxError


class ScenarioError(SandboxError):
    """A scenario that cannot be used.

    Its text is one line: `FILE:LINE:COLUMN: what is wrong. What was probably meant. What is allowed.`
    """
