"""Tests of the wire: faults, the record, and what happens on real connections."""
