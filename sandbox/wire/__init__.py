"""The one wire in front of both systems: it names the step, applies the faults due, and records what really left."""
