"""Characters a second of drawing many sequences at once."""

import time

import torch

from benchmarks.page import Section
from benchmarks.timing import in_turns, medians
from pipeline.networks.build import build_language_model
from pipeline.networks.language_model import LanguageModel
from pipeline.params import Params
from pipeline.sampling.drawing import Choice, sample
from pipeline.tokens.vocabulary import Vocabulary

VOCABULARY = 112
"""That of the default corpus."""
NUM_SAMPLES = 64
MAX_TOKENS = 400
ROUNDS = 5

METHOD = """\
{num} sequences of {max} characters drawn at once, temperature 1, from freshly built networks whose EOS is made \
impossible, so that none ends early. The network alone is the same number of its steps, with nothing drawn from what \
it predicts; the ratio is the share of the speed that drawing leaves. Median of {rounds} pairs."""


def sampling(params: Params) -> Section:
    """Measure every language model among the selected ones."""
    torch.set_num_threads(params.runtime.threads)
    rows = []
    for name in params.run.models:
        if not params.models[name].bidirectional:
            drawn, alone, ratio = _compare(
                endless(build_language_model(params.models[name], VOCABULARY, seed=1)), MAX_TOKENS
            )
            rows.append([name, f"{drawn:.0f}", f"{alone:.0f}", f"{ratio:.2f}"])
    method = METHOD.format(num=NUM_SAMPLES, max=MAX_TOKENS, rounds=ROUNDS)
    return Section("Sampling", method, ["model", "sample, characters/s", "network alone", "ratio"], rows)


def endless(network: torch.nn.Module) -> LanguageModel:
    """The network, which now never ends a sequence."""
    assert isinstance(network, LanguageModel)
    with torch.no_grad():
        network.readout.bias[Vocabulary.EOS] = -1e4
    return network.eval()


def _compare(network: LanguageModel, steps: int) -> tuple[float, float, float]:
    return medians(in_turns(lambda: drawing(network, steps), lambda: stepping(network, steps), ROUNDS))


def drawing(network: LanguageModel, steps: int) -> float:
    """Characters a second of `sample`."""
    start = time.perf_counter()
    choice = Choice(temperature=1.0, top_k=None, top_p=None)
    samples = sample(network, [], choice, num_samples=NUM_SAMPLES, max_tokens=steps, seed=1)
    seconds = time.perf_counter() - start
    assert all(len(one.drawn) == steps for one in samples)
    return NUM_SAMPLES * steps / seconds


@torch.inference_mode()
def stepping(network: LanguageModel, steps: int) -> float:
    """Characters a second that the network reads one at a time."""
    start = time.perf_counter()
    inputs, state = torch.full((NUM_SAMPLES, 1), network.begin_id), None
    for _ in range(steps):
        _, state = network(inputs, state)
    return NUM_SAMPLES * steps / (time.perf_counter() - start)
