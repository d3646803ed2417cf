"""Stage `memory`: the same cells on tasks whose floor is known exactly, judged by distance."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from pipeline.base.artifacts import LogRows, Result, Resume, Row, finite, write_csv, write_json
from pipeline.base.memory import check_memory
from pipeline.base.params import RuntimeParams
from pipeline.figures import save_png
from pipeline.memory.contract import load
from pipeline.memory.evaluation import by, longest_good, measured
from pipeline.memory.figures import accuracy_figure
from pipeline.memory.params import MemoryTask
from pipeline.networks.params import Model
from pipeline.stage import Output, stage
from pipeline.training.fit import fit


@stage
def memory(
    memory: MemoryTask,
    model: Model,
    runtime: RuntimeParams,
    *,
    task: str,
    seed: int,
    out: Output,
    live: LogRows,
    resume: Resume,
) -> Result:
    """Train a model on one task and ask it over growing distances."""
    torch.set_num_threads(runtime.threads)
    least = 8 * (memory.budget_tokens + memory.test_sequences)  # a reference or two numbers each
    check_memory(least, f"memory.{task}.budget_tokens and test_sequences")
    learned = load(task)
    network = learned.build(memory, model, seed)
    trained = fit(
        network,
        learned.objective(memory, network, seed),
        learning_rate=memory.learning_rate,
        weight_decay=memory.weight_decay,
        max_grad_norm=model.max_grad_norm,
        num_validations=1,  # every batch is new, so there is nothing to overfit: the last weights are the best
        log_every_steps=memory.log_every_steps,
        accelerator=runtime.accelerator,
        precision=runtime.precision,
        seed=seed,
        live=live,
        resume=resume,
    )
    outcome, unit = learned.ask(memory, network, seed), learned.unit
    rows, overall = by("distance", outcome.answers, unit), measured(outcome.answers, unit)
    about = {
        "task": task,
        "floor": {"with_memory": 0.0, "without": learned.cost_without_memory(memory), "unit": unit},
        "overall": overall,
        "by_distance": rows,
        "by_attractors": by("attractors", outcome.answers, unit),
        "largest_length_95": longest_good(rows),
        "strings": outcome.strings,
    }
    write_json(out / "memory.json", about)
    write_csv(out / "memory.csv", ["distance", "n", "accuracy", "low", "high", unit], map(_line, rows))
    save_png(accuracy_figure(rows, f"{model.cell}, {task}, seed {seed}"), out / "memory.png", dpi=120)
    metrics = {f"memory/string_{key}": value for key, value in (outcome.strings or {}).items()} | {
        "memory/accuracy": overall["accuracy"],
        f"memory/{unit}": overall[unit],
        "memory/distance_95": about["largest_length_95"],
    }
    history = [*trained.history, *_history(rows, unit)]
    return Result(finite(metrics), history, ["memory.png", "memory.csv", "memory.json"])


def _history(rows: Sequence[Mapping[str, Any]], unit: str) -> list[Row]:
    """A row a distance, so that MLflow lays the cells over each other; the training's rows count steps."""
    keys = {"accuracy": "memory/accuracy_at_distance", unit: f"memory/{unit}_at_distance"}
    return [Row(row["distance"], {name: row[key] for key, name in keys.items()}) for row in rows]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of memory.csv: the ends of its interval have columns of their own."""
    low, high = row["interval"]
    return {key: value for key, value in row.items() if key != "interval"} | {"low": low, "high": high}


if __name__ == "__main__":
    memory.main()
