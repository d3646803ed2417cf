"""Unroll: reproducible experiments on recurrent networks, from raw text to a report."""
