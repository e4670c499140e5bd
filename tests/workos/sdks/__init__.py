"""WorkOS's own SDKs against a running sandbox, as they are, told nothing but its address."""
