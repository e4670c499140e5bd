"""Benchmarks; never part of the timed tests."""
