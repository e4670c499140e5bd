"""The examples use the fixture `sandbox` of the plugin, as other people's tests do."""

from sandbox.pytest_plugin import sandbox

__all__ = ["sandbox"]
