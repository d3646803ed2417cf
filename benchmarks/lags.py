"""Seconds and memory of the gradient at every lag: `python -m benchmarks.lags K` measures one K."""

import sys
import time
from itertools import pairwise

import torch

from benchmarks.page import Section, Target
from benchmarks.process import ROOT, measured
from benchmarks.training import VOCABULARY, random_text
from pipeline.analysis.gradients import LANES, gradient_norms, positions_of
from pipeline.networks.build import build_language_model
from pipeline.params import load_params

LAGS = (1, 50, 100, 200, 500, 1000)
"""Values of K; the memory of the first is little more than that of any process."""
MODEL = "lstm"
MEGABYTE = 10**6

METHOD = """\
`gradient_norms` of {lanes} places in one chunk for the model `{model}`, freshly built, over a text without sense. \
Each K is a process of its own; the peak of K = 1 is taken off that of the others. All lags come from one backward \
pass, so time and memory rise with K, not with its square."""


def lags() -> Section:
    """Measure every K."""
    taken = {lag: measured(["-m", "benchmarks.lags", str(lag)], ROOT, {"OMP_NUM_THREADS": "1"}) for lag in LAGS}
    peaks = {lag: (one.peak_bytes - taken[LAGS[0]].peak_bytes) / MEGABYTE for lag, one in taken.items()}
    rows = [[str(lag), f"{float(taken[lag].said):.2f}", f"{peaks[lag]:.0f}"] for lag in LAGS[1:]]
    slopes = [(peaks[b] - peaks[a]) / (b - a) for a, b in pairwise((100, 500, 1000))]
    growth = Target("memory of a further lag, to K = 1000 over to K = 500", "", 1.25, slopes[1] / slopes[0])
    return Section("Lags", METHOD.format(lanes=LANES, model=MODEL), ["K", "CPU s", "peak MB"], rows, [growth])


def once(max_lag: int) -> None:
    """Take the norms at lags 0 to max_lag and write the CPU seconds to standard error."""
    torch.set_num_threads(1)
    network = build_language_model(load_params(ROOT / "params.yaml").models[MODEL], VOCABULARY, seed=1)
    window = positions_of(random_text(3 * max_lag + LANES, VOCABULARY).ids, VOCABULARY, max_lag, LANES)
    start = time.process_time()
    gradient_norms(network, window, max_lag, threads=1)
    sys.stderr.write(f"{time.process_time() - start}\n")


if __name__ == "__main__":
    once(int(sys.argv[1]))
