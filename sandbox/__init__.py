"""The Claude Code, MCP server and WorkOS sign-in flow on localhost, working, and broken on purpose."""

__version__ = "0.1.0"
