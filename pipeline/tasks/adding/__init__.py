"""Adding: the sum of the two marked values of a sequence."""
