"""Stage `task`: one model learns one task with one seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pipeline.base.artifacts import LogRows, Result, Resume, Row, finite, write_json
from pipeline.base.params import RuntimeParams
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.figures import save_png
from pipeline.networks.build import BUILDERS, num_parameters
from pipeline.networks.bundle import Bundle
from pipeline.networks.initialise import initialise_from_vectors
from pipeline.networks.params import Model
from pipeline.networks.sequence import SequenceNetwork
from pipeline.stage import Input, Output, stage
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Study, load
from pipeline.tasks.params import TaskParams
from pipeline.training.fit import fit


@stage
def task(
    tasks: TaskParams,
    model: Model,
    runtime: RuntimeParams,
    *,
    task: str,
    seed: int,
    examples: Input,
    out: Output,
    live: LogRows,
    resume: Resume,
) -> Result:
    """Train a model on a task, and score the best of its weights on the validation and the test split."""
    torch.set_num_threads(runtime.threads)
    learned, found = load(task, tasks), Examples.load(examples)
    model = model.model_copy(update={"dropout": tasks.dropout})
    sizes = learned.sizes(tasks, found)
    network = BUILDERS[learned.kind](model, seed=seed, **sizes)
    if found.vectors is not None:
        assert isinstance(network, SequenceNetwork), "word vectors are for networks that read words"
        initialise_from_vectors(network, found.vectors)
    trained = fit(
        network,
        learned.objective(tasks, found, network, seed),
        learning_rate=tasks.learning_rate,
        weight_decay=tasks.weight_decay,
        max_grad_norm=model.max_grad_norm,
        num_validations=tasks.num_validations,
        log_every_steps=tasks.log_every_steps,
        accelerator=runtime.accelerator,
        precision=runtime.precision,
        seed=seed,
        live=live,
        resume=resume,
    )
    owner = TaskBundle.owner(task, tasks, found.classes)
    bundle = Bundle(network, learned.kind, sizes, model, seed, owner)
    alphabets = (found.vocabulary, found.characters, found.target_vocabulary)
    text = learned.text and learned.text(found)
    TaskBundle(bundle, task, tasks, found.classes, *alphabets, text=text).save(out)
    answers = {name: learned.answer(tasks, network, found.splits[name]) for name in ("validation", "test")}
    measures = {name: learned.measure(tasks, found, found.splits[name], given) for name, given in answers.items()}
    study = learned.study(tasks, found, network, answers["test"])
    metrics = _metrics(measures) | {
        "parameters": float(num_parameters(network)),
        "best_step": float(trained.best_step),
        "targets_seen": float(trained.targets_seen),
        **trained.norm_metrics(model.max_grad_norm),
    }
    scores = {name: {key: measure.as_json() for key, measure in of.items()} for name, of in measures.items()}
    about = {"shape": learned.shape, "parameters": num_parameters(network), "best_step": trained.best_step}
    write_json(out / "scores.json", {**scores, **about, "tables": study.tables, "details": study.details})
    _write_predictions(out, found.splits["test"], study)
    for name, draw in study.figures.items():
        save_png(draw(), out / name, dpi=120)
    for name, content in study.files.items():
        (out / name).write_bytes(content)
    written = ["weights.safetensors", "model.json", "scores.json", "predictions.parquet"]
    artifacts = [*written, *study.figures, *study.files]
    return Result(finite(metrics), [*trained.history, *_history(study)], artifacts)


def _metrics(measures: Mapping[str, Mapping[str, Measure]]) -> dict[str, float]:
    """`test/accuracy`, with the ends of its interval."""
    found = {}
    for split, of_split in measures.items():
        for name, measure in of_split.items():
            found |= {f"{split}/{name}": measure.value, f"{split}/{name}_low": measure.low}
            found[f"{split}/{name}_high"] = measure.high
    return found


def _write_predictions(out: Output, test: Split, study: Study) -> None:
    """A row an example of the test split: what was wanted, what was answered, and its notes."""
    columns: dict[str, Sequence[Any]] = {"target": [target.tolist() for target in test.targets]}
    pq.write_table(pa.table({**columns, **study.predictions, **test.notes}), out / "predictions.parquet")


def _history(study: Study) -> list[Row]:
    """A row for each number that a table goes by, so that MLflow overlays the models; a training's rows count steps."""
    rows = []
    for by, table in study.tables.items():
        for row in table:
            if isinstance(row[by], int):
                numbers = {key: value for key, value in row.items() if key not in (by, "n") and value is not None}
                rows.append(Row(row[by], finite({f"{key}_by_{by}": value for key, value in numbers.items()})))
    return rows


if __name__ == "__main__":
    task.main()
