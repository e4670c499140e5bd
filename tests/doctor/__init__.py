"""The doctor, against the sandbox and against servers that mean harm, on real sockets."""
