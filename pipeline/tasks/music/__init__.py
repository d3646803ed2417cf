"""Music: tunes from nothing, from their kind, or from their first notes; and chords."""
