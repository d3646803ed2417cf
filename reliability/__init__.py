"""What Unroll promises to bear, tried out on a small project of its own: `python -m reliability.verify`."""
