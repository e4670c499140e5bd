"""What can go wrong before the sandbox runs, said in one line to a person."""


class SandboxError(Exception):
    """Bad input or a machine that cannot serve; its text is the whole message, and the exit code is 2."""
