"""Networks: stacks of cells over time, the language model, the cloze model, and their bundles."""
