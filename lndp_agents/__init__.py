"""Agents that grow and rewire their own network while they live (arXiv 2406.09787)."""

__version__ = "0.1.0"
