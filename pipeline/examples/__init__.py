"""Examples of tasks: what goes into a network and what is wanted of it, as arrays, files and batches."""
