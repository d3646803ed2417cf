"""A stage's process among others: one writes an out at a time, a killed one's work goes on, several share one work."""
