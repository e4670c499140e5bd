"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def state_dir(said: str) -> Callable[[Any], Any]:
    """Give the option that names the directory where a sandbox, or what it installs, is kept."""
    return click.option(
        "--state-dir",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=Path(".sandbox"),
        show_default=True,
        help=said,
    )
