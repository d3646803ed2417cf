"""Text: corpora, tokens, vocabularies, windows of ids, and the n-gram floor."""
