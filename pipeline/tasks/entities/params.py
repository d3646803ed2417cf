"""The task's entry of params.yaml."""

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.base.params import Count
from pipeline.examples.params import Split, problems_of_shares
from pipeline.tasks.params import WordTaskParams


class EntitiesParams(WordTaskParams):
    """Entities in CoNLL files; path: null reads Python's docstrings."""

    split: Split
    """hash: of the docstrings whole modules, of files sentences go where their hash says; given: each file's name says
    train, validation (dev, valid, testa) or test (testb)."""
    max_words: Annotated[int, Field(ge=3, le=10**7)]
    """Size of the vocabulary, EOS and UNK among them."""
    min_count: Count
    """Words that occur less often in the training split are UNK, so that UNK is trained."""
    lower_case: bool
    """Whether the look-up takes `The` for `the`."""
    zero_digits: bool
    """Whether the look-up takes `1984` for `0000`."""
    character_size: Count | None
    """Features that say how a word is spelled, as it is written, beside its look-up; null: none."""
    crf: bool
    """Whether transitions between tags have scores that are learned, too (a CRF); the answer is a valid sequence of
    tags in both cases."""

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> "EntitiesParams":
        problems = []
        if self.path is None and self.split.method == "given":
            problems.append("split.method: the docstrings bring no splits (got 'given'); set hash, or set path")
        if self.split.method == "hash":
            problems += problems_of_shares(self.split.validation, self.split.test)
        if problems:
            raise ValueError("\n".join(problems))
        return self


PARAMS = EntitiesParams
