"""Language: a trained language model with its vocabulary, and what it says of a text that it is given."""
