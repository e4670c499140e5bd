"""Tests of the browser stand-in."""
