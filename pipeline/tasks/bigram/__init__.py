"""Bigram: the next character from this one alone."""
