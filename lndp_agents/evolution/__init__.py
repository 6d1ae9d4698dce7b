"""Evolution as values: what a run is, what is maximized, and what a generation does."""
