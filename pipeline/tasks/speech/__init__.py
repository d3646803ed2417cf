"""Speech: a clip of sound to its transcript."""
