"""The examples of a task in three splits, with the alphabets of both sides, and the files that hold them.

SPLIT.parquet     an example a row: `input` (ids, where it is no frames), `target`, and its notes
SPLIT.npy         frames of all examples, one example after the other (F, D), with the column `length`
tokenizer.json    the vocabulary of the ids
characters.json   the vocabulary of the characters, of words that have some in `characters`
target_tokenizer.json   the vocabulary of the targets, where these are tokens of another language
vectors.npy       word vectors that the look-up starts from (V, E)
examples.json     classes, sizes of the splits, what was left out
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float

from pipeline.base.artifacts import damaged, read_array, read_json, write_json
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.vocabulary import Vocabulary

ABOUT, TOKENIZER, VECTORS = "examples.json", "tokenizer.json", "vectors.npy"
CHARACTERS, TARGET_TOKENIZER = "characters.json", "target_tokenizer.json"
OWN_COLUMNS = ("input", "length", "target", "characters")

WORDS = pa.list_(pa.list_(pa.int32()))


@dataclass(frozen=True)
class Split:
    """Some examples; those of one index belong together."""

    inputs: Sequence[np.ndarray]
    """Of each example ids (T,), int64, or frames (T, D), float32; T is at least 1."""
    targets: Sequence[np.ndarray]
    """Of each example a class (), classes (T,), ids of another sequence (U,), int64, or a number (), float32."""
    notes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """What people and scores want to know of each example, by name: its text, its tokens, the distance of its cue."""
    characters: Sequence[np.ndarray] | None = None
    """Of each example the ids of its words' characters (T, K), int64, padded with zeros (characters.py)."""

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def lengths(self) -> list[int]:
        """T of each example."""
        return [len(steps) for steps in self.inputs]


@dataclass(frozen=True)
class Examples:
    """All that is known of a task before a network learns it."""

    splits: Mapping[str, Split]
    """`train`, `validation` and `test`."""
    classes: Sequence[str] = ()
    """Names of the classes that targets count; none where targets are numbers."""
    vocabulary: Vocabulary | None = None
    """Of the ids, learned from the training split alone; none where inputs are frames."""
    vectors: Float[np.ndarray, "V E"] | None = None
    """What the rows of the look-up start from; a row of zeros is a token that has no vector."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was read, and left out of the splits or cut, by name."""
    characters: Vocabulary | None = None
    """Of the characters of words, where these are read too."""
    target_vocabulary: Vocabulary | None = None
    """Of the targets, learned from the training split alone, where these are tokens that inputs are not."""

    @property
    def num_channels(self) -> int:
        """D of the frames."""
        return self.splits["train"].inputs[0].shape[1]

    def save(self, folder: Path) -> None:
        """Write the files into `folder`."""
        for name, split in self.splits.items():
            _save_split(folder, name, split)
        if self.vocabulary is not None:
            self.vocabulary.save(folder / TOKENIZER)
        if self.characters is not None:
            self.characters.save(folder / CHARACTERS)
        if self.target_vocabulary is not None:
            self.target_vocabulary.save(folder / TARGET_TOKENIZER)
        if self.vectors is not None:
            np.save(folder / VECTORS, self.vectors.astype(np.float32), allow_pickle=False)
        sizes = {
            name: {"examples": len(split), "steps": sum(split.lengths), "longest": max(split.lengths)}
            for name, split in self.splits.items()
        }
        about = {"classes": list(self.classes), "splits": sizes, "counts": dict(self.counts)}
        write_json(folder / ABOUT, about)

    @classmethod
    def load(cls, folder: Path) -> "Examples":
        """Read what `save` wrote.

        Raises:
            ArtifactError: where a file is missing or damaged.
        """
        splits = {name: _load_split(folder, name) for name in SPLITS}
        vectors, about = folder / VECTORS, read_json(folder / ABOUT)
        return cls(
            splits,
            about["classes"],
            Vocabulary.load_if_there(folder / TOKENIZER),
            read_array(vectors) if vectors.exists() else None,
            about["counts"],
            Vocabulary.load_if_there(folder / CHARACTERS),
            Vocabulary.load_if_there(folder / TARGET_TOKENIZER),
        )


def _save_split(folder: Path, name: str, split: Split) -> None:
    columns: dict[str, pa.Array] = {}
    if split.inputs[0].ndim == 2:
        np.save(folder / f"{name}.npy", np.concatenate(split.inputs).astype(np.float32), allow_pickle=False)
        columns["length"] = pa.array(split.lengths, pa.int32())
    else:
        columns["input"] = pa.array([ids.tolist() for ids in split.inputs], pa.list_(pa.int32()))
    columns["target"] = pa.array([target.tolist() for target in split.targets])
    if split.characters is not None:
        columns["characters"] = pa.array([words.tolist() for words in split.characters], WORDS)
    assert not set(split.notes) & set(OWN_COLUMNS), "a note would take the place of a column"
    columns |= {note: pa.array(values) for note, values in split.notes.items()}
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def _load_split(folder: Path, name: str) -> Split:
    path = folder / f"{name}.parquet"
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, error) from None
    notes = {column: table[column].to_pylist() for column in table.column_names if column not in OWN_COLUMNS}
    kind = np.float32 if pa.types.is_floating(table.schema.field("target").type) else np.int64
    targets = [np.array(target, kind) for target in table["target"].to_pylist()]
    if "input" in table.column_names:
        inputs = [np.array(ids, np.int64) for ids in table["input"].to_pylist()]
        return Split(inputs, targets, notes, _characters(table))
    bounds = np.cumsum(table["length"].to_numpy())[:-1]
    return Split(np.split(np.array(read_array(folder / f"{name}.npy")), bounds), targets, notes)


def _characters(table: pa.Table) -> list[np.ndarray] | None:
    if "characters" not in table.column_names:
        return None
    return [np.array(words, np.int64) for words in table["characters"].to_pylist()]
