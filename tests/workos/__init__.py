"""Tests of WorkOS, emulated."""
