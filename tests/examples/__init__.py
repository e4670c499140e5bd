"""The snippets of docs/testing.md, which are tests."""
