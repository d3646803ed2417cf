"""Train one model on one level with one seed."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from pipeline.base.artifacts import LogRows, Result, Resume, finite, write_json, write_nats
from pipeline.base.params import Level, RuntimeParams
from pipeline.language.bundle import LanguageBundle
from pipeline.language.cache import Nats, adapt
from pipeline.networks.build import Network, build_language_model, num_parameters
from pipeline.networks.bundle import CHECKPOINTS
from pipeline.networks.params import Model
from pipeline.stage import WORK, Input, Later, Output, stage
from pipeline.tokens.params import Batching, StreamBatching
from pipeline.tokens.vocabulary import Vocabulary, known_ids
from pipeline.training.diverged import DivergedError
from pipeline.training.fit import fit
from pipeline.training.language_modelling import LanguageModelling, final_nats
from pipeline.training.params import TrainingParams
from pipeline.training.split import Split

DIVERGED = WORK / "diverged"
"""The last good weights of trainings that ended in numbers that are not finite."""


@stage(processes="training")
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
    network = build_language_model(model, vocabulary.size, seed)
    objective = LanguageModelling(
        splits["train"],
        splits["validation"],
        network.begin_id,
        segment_tokens=batching.segment_tokens if isinstance(batching, StreamBatching) else None,
        batch_size=training.batch_size,
        bptt_steps=training.bptt_steps,
        budget_tokens=training.budget_tokens,
        seed=seed,
    )
    with _kept(resume.files, DIVERGED / out.name):
        trained = fit(
            network,
            objective,
            learning_rate=model.learning_rate,
            weight_decay=training.weight_decay,
            max_grad_norm=model.max_grad_norm,
            num_validations=training.num_validations,
            log_every_steps=training.log_every_steps,
            accelerator=runtime.accelerator,
            precision=runtime.precision,
            seed=seed,
            live=live,
            resume=resume,
        )
    shutil.copytree(resume.files, out / CHECKPOINTS)
    LanguageBundle(network, vocabulary, model, level, seed).save(out)
    nats = {
        name: final_nats(network, splits[name], batching.mode, training.batch_size) for name in ("validation", "test")
    }
    write_nats(out, nats)
    scores = {name: splits[name].score(of_split) for name, of_split in nats.items()}
    about = {"parameters": num_parameters(network), "best_step": trained.best_step, "tokens_seen": trained.targets_seen}
    about |= trained.norm_metrics(model.max_grad_norm)
    about |= {f"{name}/unknown_share": score.unknown_share for name, score in scores.items()}
    about |= _adaptive(network, splits, nats, batching, training)
    metrics = finite(about | {k: v for n, score in scores.items() for k, v in score.as_metrics(n).items()})
    write_json(out / "scores.json", metrics)
    return Result(metrics, trained.history, ["weights.safetensors", "model.json", "tokenizer.json", "scores.json"])


def _adaptive(
    network: Network, splits: Mapping[str, Split], nats: Nats, batching: Batching, training: TrainingParams
) -> dict[str, float]:
    """What a language model with a cache scores, and what was chosen for it; a cloze model knows what comes anyway."""
    if network.predicts != "next":
        return {}
    ids = {name: splits[name].ids for name in nats}
    adapted = adapt(network, ids, nats, batching.mode, training.batch_size)
    scores = {name: splits[name].score(of_split) for name, of_split in adapted.nats.items()}
    metrics = {k: v for name, score in scores.items() for k, v in score.as_metrics(f"adaptive/{name}").items()}
    return {"adaptive/theta": adapted.theta, "adaptive/weight": adapted.weight, **metrics}


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
