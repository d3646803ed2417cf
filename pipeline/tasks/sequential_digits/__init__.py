"""Sequential digits: an image of a digit read pixel by pixel."""
