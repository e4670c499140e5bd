"""What the clients that are libraries do: the smallest programs around them, each run as a process of its own."""
