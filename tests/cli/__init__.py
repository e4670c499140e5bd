"""The command line, as a person runs it: real processes, a cleared environment, any free ports."""
