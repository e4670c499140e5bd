"""The tests, by the module that they hold to its word."""
