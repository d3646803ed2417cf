"""A small tree of outs, as the stages would leave it: two levels, three models (one of them cloze), two seeds."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from matplotlib.figure import Figure

from pipeline.base.artifacts import Record, Row, write_json, write_nats
from pipeline.base.params import RunParams
from pipeline.report.parts import Block, Part, Picture
from pipeline.report.task_words import MeasureWords, TaskReport

BITS = {("char", "rnn"): 2.0, ("char", "lstm"): 1.5, ("char", "bilstm"): 0.9}
BITS |= {("word", "rnn"): 2.2, ("word", "lstm"): 1.8, ("word", "bilstm"): 1.1}
SHIFT = {1: -0.1, 2: 0.1}
"""Seeds lie at the mean -+ 0.1: s = 0.1 sqrt 2, the half-width t(0.975; 1) s / sqrt 2 = 1.2706."""
PARAMETERS = {"rnn": 1000.0, "lstm": 4000.0, "bilstm": 8000.0}
HALF_LIVES = {"rnn": 2.0, "lstm": 16.0}
"""The cloze model has none."""
SPLITS = ("train", "validation", "test")
NONE_UNKNOWN = {"unknown": 0, "spelling_nats": 0.0}
LN_2 = math.log(2)
EVERY_SECOND = np.tile([LN_2, 3 * LN_2], 100)
"""Nats of a network: p is 1/2 and 1/8 in turn. The n-gram's come the other way round: half of each is always 5/16."""


def blank() -> Figure:
    return Figure()


REPORTS = {
    "agreement": TaskReport(
        "Agreement: was or were",
        "A verb is wanted.",
        [MeasureWords("accuracy", "right", "%"), MeasureWords("bits", "cost", "bits", better="lower")],
        {"distance": "distance (words)", "attractors": "attractors"},
        lambda results: [Picture(f"task_{results.task}", "By distance", "Right answers fall.", "By distance.", blank)],
    )
}


B = TypeVar("B", bound=Block)


def blocks(part: Part, kind: type[B]) -> list[B]:
    """Those of one kind."""
    return [block for block in part.blocks if isinstance(block, kind)]


@pytest.fixture(scope="session")
def run() -> RunParams:
    return RunParams(levels=["char", "word"], models=["rnn", "lstm", "bilstm"], tasks=["agreement"], seeds=[1, 2])


@pytest.fixture
def folders(tmp_path: Path, run: RunParams) -> dict[str, Path]:
    """Paths of the inputs of the stage `report`."""
    return make_folders(tmp_path, run)


def make_folders(root: Path, run: RunParams) -> dict[str, Path]:
    out = {name: root / "out" / name for name in ("corpus", "tokenization", "vocabulary", "baseline")}
    out |= {name: root / "out" / name for name in ("train", "gradients", "sampling", "examples", "task")}
    _corpus(out["corpus"])
    for level in run.levels:
        write_level(out, level)
        for model in run.models:
            for seed in run.seeds:
                write_seed(out, level, model, seed)
    write_examples(out["examples"] / "agreement")
    for model in run.models:
        for seed in run.seeds:
            write_task(out["task"] / f"agreement-{model}-{seed}", model)
    return out


def save(folder: Path, metrics: Mapping[str, float], history: list[Row], params: Mapping[str, object]) -> None:
    Record(params, {}, metrics, history).save(folder)  # type: ignore[arg-type]


def _corpus(folder: Path) -> None:
    save(folder, {}, [], {})
    sizes = {"train": (8, 800), "validation": (1, 100), "test": (1, 100)}
    splits = {split: {"units": units, "characters": n} for split, (units, n) in sizes.items()}
    write_json(folder / "corpus.json", {"unit": "paragraph", "splits": splits})


def write_level(out: Mapping[str, Path], level: str) -> None:
    per_token = {"char": 1, "word": 5}[level]
    for name in ("tokenization", "vocabulary", "baseline"):
        save(out[name] / level, {}, [], {"vocabulary.max_size": 11})
    write_json(out["tokenization"] / level / "tokenization.json", {"level": level, "scheme": level, "splits": {}})
    counts = {split: {"units": 2, "tokens": 200, "characters": 200 * per_token, **NONE_UNKNOWN} for split in SPLITS}
    counts["test"] |= {
        "unknown": {"char": 0, "word": 5}[level],
        "spelling_nats": {"char": 0.0, "word": 250 * LN_2}[level],
    }
    write_json(out["vocabulary"] / level / "vocabulary.json", {"level": level, "size": 11, "splits": counts})
    rows = [_ngram(1, 4.0, 4.0), _ngram(2, 1.75, 1.7), _ngram(3, 1.8, 1.65)]
    compressor = {"name": "bz2", "validation": {"bits_per_char": 2.5}, "test": {"bits_per_char": 2.6}}
    write_json(out["baseline"] / level / "baseline.json", {"rows": [*rows, compressor]})
    write_nats(out["baseline"] / level, dict.fromkeys(SPLITS[1:], EVERY_SECOND[::-1]))


def _ngram(order: int, validation: float, test: float) -> dict[str, object]:
    def score(bits: float) -> dict[str, float]:
        return {"nats_per_token": bits, "perplexity": 2 * bits, "bits_per_char": bits, "unknown_share": 0.0625}

    return {"name": f"{order}-gram", "order": order, "validation": score(validation), "test": score(test)}


def write_seed(out: Mapping[str, Path], level: str, model: str, seed: int) -> None:
    bits = BITS.get((level, model), 3.0) + SHIFT.get(seed, 0.0)
    item = f"{level}-{model}-{seed}"
    scores = {
        f"{split}/{key}": value
        for split in ("validation", "test")
        for key, value in {"nats_per_token": bits, "perplexity": 10 * bits, "bits_per_char": bits}.items()
    }
    if model != "bilstm":  # a quarter better with a cache
        scores |= {f"adaptive/{key}": 0.75 * value for key, value in scores.items()}
        scores |= {"adaptive/theta": 0.4, "adaptive/weight": 0.125}
    scores |= {"validation/unknown_share": 0.03125, "test/unknown_share": {"rnn": 0.09375}.get(model, 0.03125)}
    metrics = {**scores, "parameters": PARAMETERS.get(model, 1.0), "best_step": 20.0, "tokens_seen": 640.0}
    norms = {"mean": 0.5, "median": 0.4, "p99": 1.6, "max": 2.0, "share_clipped": 0.125, "nonfinite_steps": 0.0}
    metrics |= {f"grad_norm/{key}": value for key, value in norms.items()}
    curve = [Row(step, {"validation/bits_per_char": bits + 10 / step}) for step in (10, 20)]
    history = [Row(5, {"train/bits_per_char": 4.0}), *curve]
    embedded = {"model.embedding_size": 5, "model.tied_embeddings": False}
    embedded |= {"model.cell": model[-4:], "model.num_layers": 1, "model.hidden_size": 7, "model.max_grad_norm": 1.0}
    save(out["train"] / item, metrics, history, {"model.bidirectional": model == "bilstm", **embedded})
    write_nats(out["train"] / item, dict.fromkeys(SPLITS[1:], EVERY_SECOND))
    write_gradients(out["gradients"] / item, model)
    write_samples(out["sampling"] / item, item, is_cloze=model == "bilstm")


def write_gradients(folder: Path, model: str) -> None:
    """Before training, all halve at every step; after it, the gates of the gated ones keep 3/4 at every step."""
    half_life = HALF_LIVES.get(model)
    metrics = {} if half_life is None else {"trained/half_life": half_life, "initial/half_life": 1.0}
    metrics |= {"trained/reached_10pct": 0.0, "initial/horizon_10pct": 4.0, "initial/reached_10pct": 1.0}
    metrics |= {"initial/horizon_1pct": 7.0, "trained/lyapunov_1": -0.0625, "initial/omega_paper_sum": 7.5}
    metrics |= {"context/full": 2.0, "context/effective_context_cut": 2.0}
    decay = 0.5 ** (1 / (half_life or 4.0))
    series = {"gradient/initial": 0.5, "gradient/trained": decay}
    if model != "rnn":
        series |= {"gate/initial_product_layer_1": 0.5, "gate/trained_product_layer_1": 0.75}
        metrics |= {**gate("initial", 0.5), **gate("trained", 0.75)}
    rows = [Row(lag, {key: factor**lag for key, factor in series.items()}) for lag in range(31)]
    rows += [Row(n, {"context/cut": 2 + 1 / 2**n, "context/shuffled": 2 + 2 / 2**n}) for n in (1, 2, 4)]
    save(folder, metrics, rows, {"gradients.max_lag": 30})
    write_json(folder / "gradients.json", curves(model))
    verdicts = {"initial": verdict("vanishes", 7), "trained": verdict("holds", None)}
    write_json(folder / "verdicts.json", verdicts)


def gate(weights: str, keep: float) -> dict[str, float]:
    numbers = {"mean": keep, "share_above_0.9": keep / 2, "share_below_0.1": 0.0, "time_constant": 1 / (1 - keep)}
    return {f"{weights}/layer_1/gate_{key}": value for key, value in numbers.items()}


def curves(model: str) -> dict[str, object]:
    """gradients.json, as far as the report reads it."""

    def curve(lag: int | None, half_life: float) -> dict[str, object]:
        return {"half_life": half_life, "horizons": {"10pct": 4, "1pct": lag, "0.1pct": None}}

    sides = {"right": {"joint": curve(9, 2.5)}} if model == "bilstm" else {}
    checkpoints = [{"step": 10, **curve(11, 1.0)}, {"step": 20, **curve(None, 2.0)}]
    return {"initial": {"joint": curve(7, 1.0), **sides}, "trained": sides, "while_training": checkpoints}


def verdict(says: str, from_lag: int | None, findings: Sequence[str] = ()) -> dict[str, object]:
    opinion = {"measure": "norm before clipping", "value": 4.0, "says": None, "words": "4.0 times the median"}
    agree, opinions = not findings, [opinion]
    found = {"says": says, "from_lag": from_lag, "agree": agree, "opinions": opinions, "findings": list(findings)}
    return {**found, "words": ""}


def write_examples(folder: Path) -> None:
    """One baseline is better on validation, the other on test; the optimum answers all."""
    save(folder, {}, [], {"tasks.lengths": "[3]", "tasks.epochs": 1})
    sizes = {name: {"examples": 1000 * n, "steps": 5000 * n, "longest": 9} for n, name in enumerate(SPLITS, 1)}
    write_json(folder / "examples.json", {"classes": ["was", "were"], "splits": sizes})
    rows = [
        ("without memory", "baseline", 0.5, 0.75),
        ("bigrams", "baseline", 0.625, 0.5),
        ("all", "optimum", 1.0, 1.0),
    ]
    write_json(
        folder / "baselines.json",
        [
            {"name": name, "kind": kind, "scores": {"validation": measured(validation), "test": measured(test)}}
            for name, kind, validation, test in rows
        ],
    )


def measured(share: float) -> dict[str, dict[str, float]]:
    """Of an accuracy; the cost falls from 1 bit to 0 as it rises from a half to 1, and has no interval."""
    bits = 2 - 2 * share
    return {
        "accuracy": {"value": share, "low": share - 0.125, "high": share},
        "bits": {"value": bits, "low": bits, "high": bits},
    }


def write_task(folder: Path, model: str) -> None:
    """The LSTM remembers over 3 words of the training and not over 6, which were not in it; the others guess."""
    shares = {"lstm": (1.0, 0.75)}.get(model, (0.5, 0.5))
    rows = [judged(distance, share) for distance, share in zip((3, 6), shares, strict=True)]
    of_split, details = measured(sum(shares) / 2), {"largest_length_95": 3 if model == "lstm" else None}
    about = {"shape": "many-to-one", "parameters": 7, "best_step": 5, "validation": of_split, "test": of_split}
    save(folder, {}, [], {})
    write_json(folder / "scores.json", {**about, "tables": {"distance": rows}, "details": details})


def judged(distance: int, share: float) -> dict[str, object]:
    """The row of a distance."""
    interval = {"accuracy_low": share - 0.125, "accuracy_high": share}
    return {"n": 200, "distance": distance, "accuracy": share, **interval, "bits": 2 - 2 * share}


def write_samples(folder: Path, item: str, is_cloze: bool) -> None:
    text = f"<script>alert('{item}')</script> | a & b\r\n\u2028```end"
    sample: dict[str, object] = {"text": text, "ids": [2, 3, 0], "log_probability": -12.5}
    if is_cloze:
        metrics = {"fills/count": 8.0, "fills/accuracy": 0.25}
        sample |= {"gapped": text, "truth": text, "gaps": [{"fill": "a", "truth": "b"}]}
    else:
        metrics = {"novelty/ngram_share_10": 0.125, "novelty/longest_run": 17.0}
        sample |= {"ended": "limit", "prompt_tokens": 0, "longest_run": 17}
    save(folder, metrics, [], {})
    lines = [json.dumps(sample, ensure_ascii=False) for _ in range(3)]
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
