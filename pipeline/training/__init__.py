"""Training: the only room that imports lightning."""
