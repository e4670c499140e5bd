"""The examples for other languages, the container and the workflows run as they stand."""
