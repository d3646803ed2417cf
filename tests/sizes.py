"""Distinct small sizes, so that a transposition cannot pass."""

B, T, V, E, H = 2, 3, 11, 5, 7
"""Batch, time steps, vocabulary, embedding, hidden."""
