"""Analysis: what gradients do on their way back through time."""
