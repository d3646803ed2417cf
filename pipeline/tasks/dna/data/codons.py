"""How often genes use each codon: the tables of `python-codon-tables` (CC0), read as files.

A table says how an amino acid is divided among its codons, not how frequent it is; that is Swiss-Prot's composition.
"""

import csv
from functools import cache
from importlib.metadata import files

import numpy as np
from jaxtyping import Float

AMINO_ACIDS = dict(
    A=8.25, R=5.53, N=4.06, D=5.46, C=1.38, Q=3.93, E=6.72, G=7.07, H=2.27, I=5.91, L=9.65, K=5.80, M=2.41, F=3.86,
    P=4.74, S=6.65, T=5.36, W=1.10, Y=2.92, V=6.86,
)  # fmt: skip
"""Per cent of the residues of UniProtKB/Swiss-Prot, which hold no stop."""
ORGANISM = "e_coli_316407"
CODONS = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]


@cache
def _table() -> list[dict[str, str]]:
    (path,) = (f for f in files("python_codon_tables") or () if f.name == f"{ORGANISM}.csv")
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def sense_codons() -> Float[np.ndarray, " 64"]:
    """The probability of each codon inside a gene, in the order of CODONS; a stop has none.

    >>> round(float(sense_codons().sum()), 12), float(sense_codons()[CODONS.index("TAA")])
    (1.0, 0.0)
    """
    return _shares({row["codon"]: _weight(row) for row in _table() if row["amino_acid"] != "*"})


def stop_codons() -> Float[np.ndarray, " 64"]:
    """The probability of each stop codon.

    >>> [CODONS[i] for i in np.flatnonzero(stop_codons())]
    ['TAA', 'TAG', 'TGA']
    """
    return _shares({row["codon"]: float(row["relative_frequency"]) for row in _table() if row["amino_acid"] == "*"})


def _weight(row: dict[str, str]) -> float:
    return AMINO_ACIDS[row["amino_acid"]] * float(row["relative_frequency"])


def _shares(weights: dict[str, float]) -> Float[np.ndarray, " 64"]:
    of = np.array([weights.get(codon.replace("T", "U"), 0.0) for codon in CODONS])
    return of / of.sum()
