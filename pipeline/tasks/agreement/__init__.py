"""Agreement: was or were, by the number of a subject some words before."""
