"""The entry of params.yaml of a task that translates: pairs of texts, the network that learns them, the search."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count
from pipeline.examples.params import PairColumns, Side, Split, problems_of_shares
from pipeline.tasks.params import FileTaskParams


class PairParams(FileTaskParams):
    """Pairs of texts; path: null draws dates as people write them, and their ISO form."""

    columns: PairColumns | None
    """null with path null."""
    split: Split
    """hash: pairs go where the hash of their source (of dates: of the day) says; given: files' names say it."""
    pairs: Count
    """Dates that are drawn, of all splits; of files, all pairs are read."""
    source: Side
    target: Side
    attention: Literal["none", "dot", "additive"]
    """none: all that the decoder knows of the source is the encoder's last state."""
    copy_unknown: bool
    """Unknown words of an answer are replaced by the source's word with most attention."""
    beam_size: Count
    """Unfinished answers kept while searching; 1 takes the best token at each step."""
    length_penalty: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Answers are ranked by log-probability / length ** length_penalty."""
    max_target_steps: Count
    """The longest answer."""

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> "PairParams":
        problems = []
        if self.path is None and self.columns is not None:
            problems.append(f"columns: without effect with path null (got {self.columns}); set it to null")
        if self.path is not None and self.columns is None:
            problems.append("columns: files have two columns, or endings (got None); set {source: ..., target: ...}")
        if self.path is None and self.split.method == "given":
            problems.append("split.method: dates bring no splits (got 'given'); set hash, or set path")
        if self.copy_unknown and self.attention == "none":
            problems.append("copy_unknown: attention says which word to copy (got true); set it to false")
        if self.split.method == "hash":
            problems += problems_of_shares(self.split.validation, self.split.test)
        if problems:
            raise ValueError("\n".join(problems))
        return self
