"""Tests of api.workos.com, each answer held against WorkOS's own OpenAPI document."""
