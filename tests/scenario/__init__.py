"""Tests of reading, checking and finding scenario files."""
