"""Text as it comes: corpora, their units and splits, encoding, and the n-gram floor."""
