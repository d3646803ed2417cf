"""Sections of params.yaml: the corpus, and the n-gram baseline."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, Section, Seed, Share

DEFAULT_DATA_PATH = "data"


class HubParams(Section):
    """A text set of the Hugging Face hub."""

    name: str
    config: str | None
    streaming: bool
    max_units: Count | None
    """Rows read from each split; null reads all."""


class HashSplit(Section):
    """Each unit goes where the hash of its own text says: adding text moves no unit."""

    method: Literal["hash"]
    validation: Share
    test: Share
    seed: Seed


class PositionSplit(Section):
    """The last `test` of the text is the test split, the `validation` before it the validation split."""

    method: Literal["position"]
    validation: Share
    test: Share


class GivenSplit(Section):
    """The corpus brings its own train, validation and test splits."""

    method: Literal["given"]


NO_TEXTS = {"out", "reports", ".work", ".venv", ".dvc", ".git"}
"""Folders of the project that hold no texts to learn from: what stages write, and tools' own."""


def path_problem(path: str) -> str | None:
    """What is wrong with a corpus.path, wherever it is read; whether it is there is seen later.

    >>> path_problem("data/my book.txt"), path_problem("/corpora/R&D/")
    (None, None)
    >>> path_problem("~/book.txt")
    "path: `~` is no folder's name here (got '~/book.txt'); write the whole path, from / on"
    """
    parts = Path(path).parts
    if not parts or parts == ("/",) or "\0" in path:
        rule, what_to_do = "a file, or a folder of texts", "name it, for example data/my_book.txt"
    elif "://" in path:
        rule, what_to_do = "a file or folder on this machine", "fetch it, for example with `dvc import-url`"
    elif path.startswith("~"):
        rule, what_to_do = "`~` is no folder's name here", "write the whole path, from / on"
    elif ".." in parts:
        rule, what_to_do = "in the project, or a whole path from / on", "write it so: experiments run in other folders"
    elif parts[0] in NO_TEXTS:
        rule, what_to_do = f"texts that are not below {parts[0]}", "move them, for example to data"
    else:
        return None
    return f"path: {rule} (got {path!r}); {what_to_do}"


class CorpusParams(Section):
    """Where the text comes from and how it is split."""

    source: Literal["python-docs", "files", "hub"]
    path: str
    """For `files`: a file, or a folder of them (train.*, validation.*, test.* are given splits). DVC watches it."""
    hub: HubParams | None
    column: str | None
    """The column that holds the text in csv, jsonl, parquet and hub sets; null for plain text."""
    unit: Literal["line", "paragraph", "document"]
    """What EOS ends."""
    split: Annotated[HashSplit | PositionSplit | GivenSplit, Field(discriminator="method")]

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> "CorpusParams":
        problems = [problem] if (problem := path_problem(self.path)) else []
        if self.source != "files" and self.path != DEFAULT_DATA_PATH:
            what_to_do = f"set it to {DEFAULT_DATA_PATH!r}, or set source: files"
            problems.append(f"path: read by source files alone (got {self.path!r}); {what_to_do}")
        if (self.source == "hub") != (self.hub is not None):
            rule = "hub: needed by source hub, without effect otherwise"
            problems.append(f"{rule} (got {self.hub}); set it with source: hub, else to null")
        if self.source == "hub" and self.column is None:
            problems.append("column: source hub needs the column that holds the text (got None); name it")
        if self.source == "python-docs" and self.column is not None:
            problems.append(f"column: without effect with source python-docs (got {self.column!r}); set it to null")
        if self.source == "python-docs" and self.unit == "document":
            problems.append("unit: python-docs is made of paragraphs (got 'document'); set paragraph or line")
        if self.source == "python-docs" and self.split.method == "given":
            problems.append("split.method: python-docs brings no splits (got 'given'); set hash or position")
        if self.split.method != "given" and self.split.validation + self.split.test >= 1:
            got = self.split.validation + self.split.test
            problems.append(f"split: validation and test leave a share to train (got {got}); make them smaller")
        if problems:
            raise ValueError("\n".join(problems))
        return self


class BaselineParams(Section):
    """The n-gram floor."""

    max_order: Annotated[int, Field(ge=1, le=12)]
    """Orders 1 to this are scored."""
