"""The outside judges: the MCP conformance suite, of clients, of MCP servers and of authorization servers."""
