"""Studies: what is asked of rollouts. `recovery` compares lifetimes with and without a lesion."""
