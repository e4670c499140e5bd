"""The diagnosis, rule by rule and as a whole."""
