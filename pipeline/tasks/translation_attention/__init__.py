"""Translation with attention: at each step, the decoder looks back at every step of the source."""
