"""The connection log's story, for a talk."""
