"""Tasks whose floor is known exactly, and how far a trained network remembers on them."""
