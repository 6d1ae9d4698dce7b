"""Evolution: lives of whole populations, the search with EvoTorch, and runs that survive being stopped."""
