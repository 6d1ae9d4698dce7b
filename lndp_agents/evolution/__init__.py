"""Evolution: what is maximized, what a generation does, and runs that survive being stopped."""
