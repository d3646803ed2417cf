"""Text as a network reads it: units in batches, cut into tokens, counted into a vocabulary, read in windows of ids."""
