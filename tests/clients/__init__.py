"""Real clients, and the programs that stand in for bad ones."""
