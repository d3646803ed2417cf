"""Stage `sampling`: what a trained model writes, and how much of it is copied."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.base.artifacts import Result, finite, read_json, write_json
from pipeline.base.errors import ArtifactError
from pipeline.base.params import Level, RuntimeParams
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.language_model import LanguageModel
from pipeline.sampling.drawing import Choice, Sample, sample
from pipeline.sampling.gaps import Filled, Gapped, blanked, fill, write_gaps
from pipeline.sampling.novelty import NGRAM_LENGTHS, Novelty
from pipeline.sampling.params import SamplingParams
from pipeline.stage import Input, Output, stage
from pipeline.tokens.vocabulary import Vocabulary, known_ids
from pipeline.tokens.windows import load_ids, unit_bounds

DISTINCT_LENGTHS = (1, 2, 3)
"""n of distinct-n."""
MAX_GAPS = 5
"""Gaps of one text, at most; one every GAP_DISTANCE tokens, at most."""
GAP_DISTANCE = 8

Rows = list[dict[str, Any]]


@stage
def sampling(
    sampling: SamplingParams,
    runtime: RuntimeParams,
    *,
    level: Level,
    seed: int,
    bundle: Input,
    ids: Input,
    out: Output,
) -> Result:
    """Draw samples from a language model, or fill gaps of the validation text with a cloze model; no prompt there.

    On the CPU, whatever the accelerator: one step of a small batch is little work, and draws stay the same.
    """
    torch.set_num_threads(runtime.threads)
    trained = LanguageBundle.load(bundle)
    check_inputs(trained, level, read_json(ids / "vocabulary.json"))
    choice = Choice(sampling.temperature, sampling.top_k, sampling.top_p)
    if trained.network.predicts == "next":
        rows, metrics = write_samples(trained.network, trained.vocabulary, sampling, choice, ids, seed)
    else:
        rows, metrics = fill_validation_text(trained.network, trained.vocabulary, sampling, choice, ids, seed)
    save_rows(out, rows)
    write_json(out / "sampling.json", metrics)
    return Result(metrics, artifacts=["samples.txt", "samples.jsonl", "sampling.json"])


def check_inputs(bundle: LanguageBundle, level: Level, vocabulary: Mapping[str, Any]) -> None:
    """Bundle and ids are of one level and one vocabulary.

    Raises:
        ArtifactError: where they are not.
    """
    expected, got = (level, level, bundle.vocabulary.size), (bundle.level, vocabulary["level"], vocabulary["size"])
    if got != expected:
        rule = f"bundle and ids of level {level} with one vocabulary of {bundle.vocabulary.size} tokens"
        what_to_do = "bring both up to date with `dvc repro`"
        raise ArtifactError("stages.sampling", rule, f"{got[0]}, and {got[1]} with {got[2]}", what_to_do)


def write_samples(
    network: LanguageModel, vocabulary: Vocabulary, params: SamplingParams, choice: Choice, ids: Path, seed: int
) -> tuple[Rows, dict[str, float]]:
    """Samples of a language model as rows, and their metrics."""
    prompt = known_ids(params.prompt, vocabulary)
    sizes = {"num_samples": params.num_samples, "max_tokens": params.max_tokens}
    samples = sample(network, prompt, choice, seed=seed, **sizes)
    novelty = Novelty([drawn.drawn for drawn in samples], np.asarray(load_ids(ids, "train")))
    runs = novelty.longest_runs()
    rows = [
        {
            "text": vocabulary.decode(drawn.ids),
            "ids": drawn.ids,
            "log_probability": drawn.log_probability,
            "ended": "eos" if drawn.ended else "limit",
            "prompt_tokens": drawn.prompt_tokens,
            "longest_run": run,
        }
        for drawn, run in zip(samples, runs, strict=True)
    ]
    return rows, sample_metrics(samples) | novelty_metrics(novelty, runs)


def sample_metrics(samples: Sequence[Sample]) -> dict[str, float]:
    """Means over the samples; the log-probability is per token, prompt and EOS counted."""
    num_tokens = sum(len(drawn.ids) for drawn in samples)
    return {
        "log_probability_per_token": sum(drawn.log_probability for drawn in samples) / num_tokens,
        "ended_by_eos": sum(drawn.ended for drawn in samples) / len(samples),
        "mean_tokens": sum(len(drawn.drawn) for drawn in samples) / len(samples),
    }


def novelty_metrics(novelty: Novelty, runs: Sequence[int]) -> dict[str, float]:
    """Shares found verbatim in the training text, the longest run of any sample, and distinct-n; n in tokens."""
    copied = {f"novelty/ngram_share_{n}": novelty.copied_share(n) for n in NGRAM_LENGTHS}
    distinct = {f"diversity/distinct_{n}": novelty.distinct_share(n) for n in DISTINCT_LENGTHS}
    return finite(copied | distinct | {"novelty/longest_run": max(runs)})


def fill_validation_text(
    network: ClozeModel, vocabulary: Vocabulary, params: SamplingParams, choice: Choice, ids: Path, seed: int
) -> tuple[Rows, dict[str, float]]:
    """Units of the validation text with gaps, filled by a cloze model, as rows, and their metrics."""
    rng = np.random.default_rng(seed)
    units = chosen_units(ids, params, rng)
    texts = blanked(units, max_gaps=MAX_GAPS, min_distance=GAP_DISTANCE, rng=rng)
    filled = fill(network, texts, choice, seed=seed)
    rows = [filled_row(text, full, vocabulary) for text, full in zip(texts, filled, strict=True)]
    fills = [gap for row in rows for gap in row["gaps"]]
    metrics = {
        "fills/count": float(len(fills)),
        "fills/accuracy": sum(gap["fill"] == gap["truth"] for gap in fills) / len(fills),
        "fills/log_probability": sum(gap["log_probability"] for gap in fills) / len(fills),
    }
    return rows, metrics


def chosen_units(ids: Path, params: SamplingParams, rng: np.random.Generator) -> list[np.ndarray]:
    """At most `num_samples` units of the validation text, drawn by chance, each cut after `max_tokens`.

    Raises:
        ArtifactError: where none has a token.
    """
    validation = load_ids(ids, "validation")
    bounds = unit_bounds(validation, longest=params.max_tokens)
    pieces = [np.asarray(validation[start:stop]) for start, stop in rng.permutation(bounds)]
    filled = (piece[piece != Vocabulary.EOS] for piece in pieces)
    units = [piece for piece in filled if len(piece)][: params.num_samples]
    if not units:
        what_to_do = "enlarge corpus.split.validation"
        raise ArtifactError(str(ids / "validation.npy"), "a unit with a token in it", "none", what_to_do)
    return units


def filled_row(text: Gapped, filled: Filled, vocabulary: Vocabulary) -> dict[str, Any]:
    """A filled text beside the truth; an unknown token of the truth is no gap's answer, since no fill can be UNK."""
    gaps = zip(filled.gaps, filled.fills, filled.log_probabilities, strict=True)
    return {
        "text": vocabulary.decode(filled.ids),
        "ids": filled.ids,
        "log_probability": sum(filled.log_probabilities),
        "gapped": write_gaps(text, vocabulary),
        "truth": vocabulary.decode(text.ids),
        "gaps": [
            {
                "place": place,
                "fill": vocabulary.token(drawn),
                "truth": vocabulary.token(int(text.ids[place])),
                "log_probability": log_probability,
            }
            for place, drawn, log_probability in gaps
        ],
    }


def save_rows(out: Path, rows: Rows) -> None:
    """samples.jsonl for programs, samples.txt for people."""
    lines = [json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=False) for row in rows]
    (out / "samples.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    readable = [readable_fills(n, row) if "gaps" in row else readable_sample(n, row) for n, row in enumerate(rows, 1)]
    (out / "samples.txt").write_text("\n".join(readable), encoding="utf-8")


def readable_sample(number: int, row: Mapping[str, Any]) -> str:
    """One sample under a line of what is known of it."""
    how = "ended by EOS" if row["ended"] == "eos" else "cut at the limit"
    about = f"{len(row['ids'])} tokens, {how}, ln p = {row['log_probability']:.2f}"
    return f"--- sample {number}: {about}, longest copied run {row['longest_run']} tokens\n{row['text']}\n"


def readable_fills(number: int, row: Mapping[str, Any]) -> str:
    """One text with gaps, and what was put into each."""
    fills = (f"{gap['fill']!r} for {gap['truth']!r}, ln p = {gap['log_probability']:.2f}" for gap in row["gaps"])
    listed = "".join(f"  {fill}\n" for fill in fills)
    return f"--- text {number}, each ___ a token\n{row['gapped']}\n--- filled\n{row['text']}\n{listed}"


if __name__ == "__main__":
    sampling.main()
