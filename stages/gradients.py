"""Stage `gradients`: how far back the loss reaches, before and after training."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from pipeline.analysis.figures import gradient_figure, save_png
from pipeline.analysis.gradients import curves, metrics_of, positions_of
from pipeline.artifacts import Result, Row, finite, write_json
from pipeline.networks.bundle import Bundle
from pipeline.params import GradientsParams, Level, RuntimeParams
from pipeline.stage import Input, Output, stage
from pipeline.text.windows import load_ids

COLUMNS = {"joint": "{}", "h": "{}_h", "c": "{}_c"}
"""Names of the relative curves of a network: gradients.csv has them as they are, the history under gradient/."""


@stage
def gradients(
    gradients: GradientsParams,
    runtime: RuntimeParams,
    *,
    level: Level,
    seed: int,
    bundle: Input,
    ids: Input,
    out: Output,
) -> Result:
    """Measure the gradient of the loss at one step by the states before it, at initialisation and after training."""
    torch.set_num_threads(1)  # `runtime.threads` of them work side by side, on lanes of their own
    loaded, validation = Bundle.load(bundle), load_ids(ids, "validation")
    window = positions_of(validation, loaded.network.begin_id, gradients.max_lag, gradients.positions)
    networks = {"initial": loaded.initial(), "trained": loaded.network}
    measured = {
        name: curves(network, window, gradients.max_lag, runtime.threads, name) for name, network in networks.items()
    }
    relative = _relative(measured)

    write_json(out / "gradients.json", measured)
    _write_csv(out / "gradients.csv", relative)
    title = f"{loaded.model.cell}, {level}, seed {seed}: how far back the loss reaches"
    save_png(gradient_figure(_shown(relative), title), out / "gradients.png")

    metrics = dict(pair for name in measured for pair in metrics_of(name, measured[name]))
    return Result(finite(metrics), _history(relative), ["gradients.png", "gradients.csv", "gradients.json"])


def _relative(measured: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """Relative curves by column: initial, trained, initial_h, trained_h, and for the LSTM initial_c, trained_c."""
    return {
        column.format(name): measured[name][part]["relative"]
        for part, column in COLUMNS.items()
        for name in measured
        if part in measured[name]
    }


def _shown(relative: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    """The columns worth a line: where the state has one part, that part is the joint curve again."""
    names = ["initial", "trained"]
    if "trained_c" in relative:
        names += ["trained_h", "trained_c"]
    return {name: relative[name] for name in names}


def _history(relative: Mapping[str, Sequence[float]]) -> list[Row]:
    """A row a lag, so that MLflow lays the cells over each other."""
    rows = zip(*relative.values(), strict=True)
    keys = [f"gradient/{column}" for column in relative]
    return [Row(lag, dict(zip(keys, row, strict=True))) for lag, row in enumerate(rows)]


def _write_csv(path: Path, relative: Mapping[str, Sequence[float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lag", *relative])
        writer.writerows([lag, *row] for lag, row in enumerate(zip(*relative.values(), strict=True)))


if __name__ == "__main__":
    gradients.main()
