"""DNA: which bases code for a protein, on which strand, and at which place of their codon."""
