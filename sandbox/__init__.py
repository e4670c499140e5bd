"""The Claude Code, MCP server and WorkOS sign-in flow on localhost, working, and broken on purpose.

`Sandbox` is a running world, `Scenario` what is wrong in it, and `diagnose` says what a trace of exchanges shows. Each
is imported when it is first asked for, so that this package costs next to nothing where it is only installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

__all__ = ["Sandbox", "Scenario", "diagnose"]
__version__ = "0.1.0"

_PLACES: Final = {"Sandbox": "sandbox.sandbox", "Scenario": "sandbox.scenario", "diagnose": "sandbox.diagnosis"}

if TYPE_CHECKING:
    from sandbox.diagnosis import diagnose
    from sandbox.sandbox import Sandbox
    from sandbox.scenario import Scenario
else:  # a type checker that saw this would take any name for one

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
