"""Train one model on one level with one seed."""

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from pipeline.base.artifacts import LogRows, Result, finite, write_json
from pipeline.base.later import Later
from pipeline.base.metrics import Score
from pipeline.base.params import Batching, Level, Model, RuntimeParams, TrainingParams
from pipeline.base.resume import Resume
from pipeline.networks.build import Network, build, num_parameters
from pipeline.networks.bundle import CHECKPOINTS, Bundle
from pipeline.stage import WORK, Input, Output, stage
from pipeline.tokens.vocabulary import Vocabulary, known_ids
from pipeline.training.fit import final_score, fit
from pipeline.training.module import DivergedError
from pipeline.training.split import Split

DIVERGED = WORK / "diverged"
"""The last good weights of trainings that ended in numbers that are not finite."""


@stage
def train(
    model: Model,
    batching: Batching,
    training: TrainingParams,
    runtime: RuntimeParams,
    *,
    level: Level,
    seed: int,
    ids: Input,
    out: Output,
    live: LogRows,
    resume: Resume,
    later: Later,
) -> Result:
    """Train a model and score the best of its weights on the validation and the test split."""
    torch.set_num_threads(runtime.threads)
    splits = {name: Split.load(ids, name) for name in ("train", "validation", "test")}
    vocabulary = Vocabulary.load(ids / "tokenizer.json")
    later.check(len(splits["validation"].ids), partial(known_ids, vocabulary=vocabulary))
    network = build(model, vocabulary.size, seed)
    with _kept(resume.files, DIVERGED / out.name):
        trained = fit(
            network,
            splits["train"],
            splits["validation"],
            learning_rate=model.learning_rate,
            max_grad_norm=model.max_grad_norm,
            batching=batching,
            training=training,
            runtime=runtime,
            seed=seed,
            live=live,
            resume=resume,
        )
    shutil.copytree(resume.files, out / CHECKPOINTS)
    Bundle(network, vocabulary, model, level, seed).save(out)
    scores = _scores(network, splits, batching, training)
    about = {"parameters": num_parameters(network), "best_step": trained.best_step, "tokens_seen": trained.tokens_seen}
    about |= trained.norm_metrics(model.max_grad_norm)
    about |= {f"{name}/unknown_share": score.unknown_share for name, score in scores.items()}
    metrics = finite(about | {k: v for n, score in scores.items() for k, v in score.as_metrics(n).items()})
    write_json(out / "scores.json", metrics)
    return Result(metrics, trained.history, ["weights.safetensors", "model.json", "tokenizer.json", "scores.json"])


def _scores(
    network: Network, splits: Mapping[str, Split], batching: Batching, training: TrainingParams
) -> dict[str, Score]:
    """Of both splits at once: one lane, step after step, leaves the other core idle."""
    names = ("validation", "test")
    network.eval()
    with ThreadPoolExecutor(len(names)) as pool:
        scores = pool.map(lambda name: final_score(network, splits[name], batching.mode, training.batch_size), names)
        return dict(zip(names, scores, strict=True))


@contextmanager
def _kept(checkpoints: Path, place: Path) -> Iterator[None]:
    """Where the training diverges, what it wrote until then is kept in `place`, and the error says so."""
    shutil.rmtree(place, ignore_errors=True)
    try:
        yield
    except DivergedError as error:
        if not any(checkpoints.iterdir()):
            raise
        shutil.copytree(checkpoints, place)
        raise error.with_weights_in(place) from None


if __name__ == "__main__":
    train.main()
