"""Tests of log-aggregator."""
