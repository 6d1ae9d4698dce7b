"""A run: the folder of an evolution, written, read, resumed and verified."""
