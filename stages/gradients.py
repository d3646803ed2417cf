"""Stage `gradients`: how far back the loss reaches, why, and how much of that the network uses."""

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from pipeline.analysis import context, gates, jacobians
from pipeline.analysis.figures import dynamics_figure, gradient_figure
from pipeline.analysis.gradients import curves, positions_of, side_curves
from pipeline.analysis.numbers import history_of, metrics_of
from pipeline.analysis.params import GradientsParams
from pipeline.analysis.verdicts import verdict
from pipeline.base.artifacts import Result, finite, read_json, write_csv, write_json
from pipeline.base.params import Level, RuntimeParams
from pipeline.figures import save_png
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.bundle import CHECKPOINTS
from pipeline.stage import Input, Output, stage
from pipeline.tokens.windows import Window, load_ids

COLUMNS = {"joint": "{}", "h": "{}_h", "c": "{}_c"}
"""Names of the relative curves of a network: gradients.csv has them as they are, the history under gradient/."""
CHECKPOINT_SHARE = 2
"""Checkpoints are measured at one in so many places: five of them take as long as all else by lag."""
SHUFFLE_SEED = 1
"""Of the shuffled contexts: the same ones for every network."""


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
    """Measure gradients, Jacobians, gates and the use of context, at initialisation and after training."""
    torch.set_num_threads(1)  # `runtime.threads` of them work side by side, on lanes of their own
    loaded, validation = LanguageBundle.load(bundle), load_ids(ids, "validation")
    window, fewer = (
        positions_of(validation, loaded.network.begin_id, gradients.max_lag, positions)
        for positions in (gradients.positions, math.ceil(gradients.positions / CHECKPOINT_SHARE))
    )
    measured = _measured(loaded, window, gradients.max_lag, runtime.threads)
    measured["gradients"]["while_training"] = [
        {"step": step, **side_curves(network, fewer, gradients.max_lag, runtime.threads, f"step {step}")["joint"]}
        for step, network in loaded.checkpoints(bundle / CHECKPOINTS)
    ]
    training = read_json(bundle / "scores.json")
    measured["verdicts"] = {
        name: verdict(
            measured["gradients"][name]["joint"],
            measured["jacobians"][name],
            training if name == "trained" else None,
            gradients.max_lag,
        )
        for name in ("initial", "trained")
    }
    for name, values in measured.items():
        write_json(out / f"{name}.json", values)
    relative = _relative(measured["gradients"])
    columns = {"lag": measured["gradients"]["initial"]["lags"], **relative}
    by_lag = zip(*columns.values(), strict=True)
    write_csv(out / "gradients.csv", list(columns), (dict(zip(columns, row, strict=True)) for row in by_lag))
    _write_figures(measured, relative, f"{loaded.model.cell}, {level}, seed {seed}", out)
    files = ["gradients.png", "dynamics.png", "gradients.csv", *(f"{name}.json" for name in measured)]
    return Result(finite(dict(metrics_of(measured))), list(history_of(measured, relative)), files)


def _measured(loaded: LanguageBundle, window: Window, max_lag: int, threads: int) -> dict[str, Any]:
    """Every measure, by its file's name; of both networks but for the use of context, which the trained one learns."""
    networks = {"initial": loaded.initial(), "trained": loaded.network}
    with ThreadPoolExecutor(threads) as pool:  # the dearest measure, of both networks
        by_jacobians = list(pool.map(lambda name: jacobians.measure(networks[name], window, max_lag, name), networks))
    return {
        "gradients": {name: curves(net, window, max_lag, threads, name) for name, net in networks.items()},
        "gates": {name: gates.measure(network, window, max_lag) for name, network in networks.items()},
        "context": context.measure(loaded.network, window, max_lag, SHUFFLE_SEED),
        "jacobians": dict(zip(networks, by_jacobians, strict=True)),
    }


def _relative(measured: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """Relative curves by column: initial, trained, initial_h, trained_h, and for the LSTM initial_c, trained_c."""
    return {
        column.format(name): measured[name][part]["relative"]
        for part, column in COLUMNS.items()
        for name in ("initial", "trained")
        if part in measured[name]
    }


def _write_figures(measured: Mapping[str, Any], relative: Mapping[str, Sequence[float]], title: str, out: Path) -> None:
    figure = gradient_figure(dict(_shown(measured, relative)), f"{title}: how far back the loss reaches")
    save_png(figure, out / "gradients.png", dpi=120)
    figure = dynamics_figure(measured["jacobians"], measured["context"], relative["trained"], title)
    save_png(figure, out / "dynamics.png", dpi=110)


def _shown(
    measured: Mapping[str, Any], relative: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, Sequence[float]]]:
    """The curves worth a line: where the state has one part, that part is the joint curve again."""
    yield "initial", relative["initial"]
    yield "trained", relative["trained"]
    if "trained_c" in relative:
        yield from ((name, relative[name]) for name in ("trained_h", "trained_c"))
    layers = [part for part in measured["gradients"]["trained"] if part.startswith("layer_")]
    yield from ((f"trained_{layer}", measured["gradients"]["trained"][layer]["relative"]) for layer in layers)


if __name__ == "__main__":
    gradients.main()
