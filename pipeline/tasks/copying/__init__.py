"""Copying: random symbols, blanks, and the symbols again."""
