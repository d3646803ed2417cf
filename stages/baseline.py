"""The floor under every table: n-grams of rising order, and compressors, on the networks' own splits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.base.artifacts import Result, Row, read_json, write_csv, write_json, write_nats
from pipeline.base.errors import ArtifactError
from pipeline.base.metrics import Score
from pipeline.base.params import Level
from pipeline.stage import Input, Output, stage
from pipeline.text.compressors import COMPRESSORS, bits_per_char, joined
from pipeline.text.ngram import KneserNey
from pipeline.text.params import BaselineParams
from pipeline.tokens.batches import SCHEMA, read_column
from pipeline.tokens.params import Batching
from pipeline.tokens.windows import UNK, Ids, load_ids

SCORED = ("validation", "test")


@stage
def baseline(
    baseline: BaselineParams,
    batching: Batching,
    *,
    level: Level,
    ids: Input,
    corpus: Input,
    out: Output,
) -> Result:
    """Score n-grams of order 1 to max_order, batched as in training, and compressors; validation chooses the order."""
    vocabulary = read_json(ids / "vocabulary.json")
    texts = {name: read_text(corpus, name) for name in ("train", *SCORED)}
    check_inputs(level, vocabulary, texts)
    model = KneserNey.fit(load_ids(ids, "train"), vocabulary["size"], baseline.max_order, batching.mode)
    encoded = {name: load_ids(ids, name) for name in SCORED}
    nats = {name: model.nats(of_split) for name, of_split in encoded.items()}
    scores = {name: score_orders(nats[name], encoded[name], vocabulary["splits"][name]) for name in SCORED}
    best = int(np.argmin([score.nats for score in scores["validation"]]))
    write_nats(out, {name: of_orders[best] for name, of_orders in nats.items()})
    splits = {name: texts[name] for name in SCORED}
    compressed = {name: bits_per_char(compress, texts["train"], splits) for name, compress in COMPRESSORS.items()}
    write_json(out / "baseline.json", {"rows": [*ngram_rows(scores), *compressor_rows(compressed)]})
    history = [Row(k + 1, by_split({name: scores[name][k] for name in SCORED})) for k in range(baseline.max_order)]
    curve = ({"order": row.step, **row.metrics} for row in history)
    write_csv(out / "baseline.csv", ["order", *history[0].metrics], curve)
    bits = {f"{split}/{name}_bits_per_char": value for name, row in compressed.items() for split, value in row.items()}
    metrics = {"best_order": float(best + 1), **history[best].metrics, **bits}
    return Result(metrics, history, ["baseline.json", "baseline.csv"])


def read_text(corpus: Path, split: str) -> str:
    """The units of a split, each closed by a newline.

    Raises:
        ArtifactError: where the file is missing or damaged.
    """
    batches = read_column(corpus / f"{split}.parquet", SCHEMA)
    return joined(text for batch in batches for text in batch.to_pylist())


def check_inputs(level: Level, vocabulary: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """The n-grams and the compressors pay for the same characters.

    Raises:
        ArtifactError: where the vocabulary is of another level, or was made of another text.
    """
    if vocabulary["level"] != level:
        what_to_do = f"hand over the vocabulary of {level}"
        raise ArtifactError("stages.baseline --ids", f"a vocabulary of level {level}", vocabulary["level"], what_to_do)
    for name, text in texts.items():
        characters = vocabulary["splits"][name]["characters"]
        if len(text) != characters:
            rule = f"the {characters} characters that the vocabulary's {name} split has"
            raise ArtifactError("stages.baseline --corpus", rule, len(text), "bring both up to date with `dvc repro`")


def score_orders(nats: Float[np.ndarray, "N T"], ids: Ids, split: Mapping[str, float]) -> list[Score]:
    """What each order pays for a split with these counts in vocabulary.json."""
    sums = zip(nats.sum(axis=1).tolist(), nats[:, ids == UNK].sum(axis=1).tolist(), strict=True)
    characters, spelling = int(split["characters"]), float(split["spelling_nats"])
    return [Score(whole, len(ids), characters, spelling, unknown) for whole, unknown in sums]


def by_split(scores: Mapping[str, Score]) -> dict[str, float]:
    """The ratios of one order: test/bits_per_char and so on."""
    return {f"{name}/{key}": value for name, score in scores.items() for key, value in ratios(score).items()}


def ratios(score: Score) -> dict[str, float]:
    """What a row says of one split."""
    return {
        "nats_per_token": score.nats_per_token,
        "perplexity": score.perplexity,
        "bits_per_char": score.bits_per_char,
        "unknown_share": score.unknown_share,
    }


def ngram_rows(scores: Mapping[str, Sequence[Score]]) -> list[dict[str, object]]:
    """The n-grams' rows of the report's table, from each split's scores by order.

    >>> ngram_rows({"test": [Score(nats=0.0, tokens=2, characters=2)]})[0]["test"]
    {'nats_per_token': 0.0, 'perplexity': 1.0, 'bits_per_char': 0.0, 'unknown_share': 0.0}
    """
    rows = []
    for n, of_order in enumerate(zip(*scores.values(), strict=True), start=1):
        by_name = {split: ratios(score) for split, score in zip(scores, of_order, strict=True)}
        rows.append({"name": f"{n}-gram", "order": n, **by_name})
    return rows


def compressor_rows(compressed: Mapping[str, Mapping[str, float]]) -> list[dict[str, object]]:
    """The compressors' rows: they know no tokens.

    >>> compressor_rows({"xz": {"validation": 3.0, "test": 4.0}})
    [{'name': 'xz', 'validation': {'bits_per_char': 3.0}, 'test': {'bits_per_char': 4.0}}]
    """
    return [
        {"name": name, **{split: {"bits_per_char": bits} for split, bits in both.items()}}
        for name, both in compressed.items()
    ]


if __name__ == "__main__":
    baseline.main()
