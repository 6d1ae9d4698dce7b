"""Other learners on equal terms: thin adapters, one protocol, one evaluation."""
