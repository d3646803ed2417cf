"""What every stage stands on: its errors, params and record, and its place among other processes."""
