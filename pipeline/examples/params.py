"""Sections of params.yaml: labelled texts, how they are read, split and cut."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, Section
from pipeline.text.params import GivenSplit, HashSplit
from pipeline.tokens.params import BpeVocabularyParams, VocabularyParams

Split = Annotated[HashSplit | GivenSplit, Field(discriminator="method")]
"""hash: each text goes where its hash says, so that equal texts are on one side; given: train.*, validation.*, test.*,
files or folders."""


def problems_of_shares(validation: float, test: float) -> list[str]:
    """What is wrong with the shares of a split: at most one sentence.

    >>> problems_of_shares(0.1, 0.1), len(problems_of_shares(0.5, 0.5))
    ([], 1)
    """
    if validation + test < 1:
        return []
    return [f"split: validation and test leave a share to train (got {validation + test}); make them smaller"]


class LabelColumns(Section):
    """Where csv, tsv, jsonl and parquet files have what."""

    text: str
    label: str

    @model_validator(mode="after")
    def _differ(self) -> "LabelColumns":
        if self.text == self.label:
            raise ValueError(f"label: another column than text (got {self.label!r}); name the column of the labels")
        return self


class TextParams(VocabularyParams):
    """How texts become ids."""

    scheme: Literal["char", "pattern", "spaces"]
    """What a token is: a character; a word with the space before it, or punctuation; what is between white space."""
    lower_case: bool
    max_steps: Count | None
    """Longer texts are cut behind so many tokens; null reads them whole."""


class BpeTextParams(BpeVocabularyParams):
    """How texts become ids of byte-level BPE."""

    scheme: Literal["bytes"]
    lower_case: bool
    max_steps: Count | None


SideParams = TextParams | BpeTextParams
"""How one side of pairs becomes ids: the other schemes, or bytes: byte-level BPE. Training pairs with more than
`max_steps` tokens on that side are left out; null keeps all."""
Side = Annotated[SideParams, Field(discriminator="scheme")]


class PairColumns(Section):
    """Where files have what: the names of two columns of a table, or the endings of two aligned text files."""

    source: Annotated[str, Field(min_length=1)]
    target: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _differ(self) -> "PairColumns":
        if self.source == self.target:
            raise ValueError(f"target: another column than source (got {self.target!r}); name the other one")
        return self
