"""Sentiment: the opinion in a text, as one of a few classes."""
