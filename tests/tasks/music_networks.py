"""Small tunes, and networks with random weights that read them."""

from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import torch

from pipeline.examples.sets import Examples
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.bundle import Bundle
from pipeline.networks.params import Model
from pipeline.sampling.params import SamplingParams
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import SampleRequest
from pipeline.tasks.music.data import SOURCE
from pipeline.tasks.music.data.alphabet import Alphabet
from pipeline.tasks.music.data.tunes import Note, Tune
from pipeline.tasks.music.data.write_abc import write_abc
from pipeline.tasks.music.params import MusicParams
from pipeline.tasks.music.task import TASK

from .music_params import GIVEN, params

HALF = Fraction(1, 2)


def drawn(random: Random, kind: str, key: str = "D") -> Tune:
    """A tune of three whole bars on five notes."""
    metre, beats = {"jig": ("6/8", 6), "reel": ("2/2", 8)}[kind]
    bars = [[Note(random.choice([62, 64, 66, 69, None]), HALF) for _ in range(beats)] for _ in range(3)]
    return Tune("Drawn", kind, key, metre, [[Note(62, HALF), *bar[1:]] for bar in bars])


@cache
def tunes() -> tuple[MusicParams, Examples]:
    """Files of ABC in splits: each kind has 12 training tunes."""
    random = Random(1)
    with TemporaryDirectory() as folder:
        for split, number in (("train", 12), ("validation", 2), ("test", 3)):
            found = [drawn(random, kind) for kind in ("jig", "reel") for _ in range(number)]
            (Path(folder) / f"{split}.abc").write_text("\n".join(map(write_abc, found)))
        of_files = params(path=folder, split=GIVEN, samples=2)
        return of_files, SOURCE.read(of_files)


def alphabet() -> Alphabet:
    """Of these tunes."""
    of_files, examples = tunes()
    assert examples.vocabulary is not None
    return Alphabet(of_files, examples.vocabulary, examples.classes)


def bundle_of(section: Model) -> TaskBundle:
    """A network of random weights, for which no two tokens are equally likely."""
    of_files, examples = tunes()
    sizes = TASK.sizes(of_files, examples)
    network = build_language_model(section, seed=3, **sizes).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(1)))
        network.get_parameter("embed.weight")[network.begin_id] = 0
    owner = TaskBundle.owner("music", of_files, examples.classes)
    bundle = Bundle(network, "language_model", sizes, section, 3, owner)
    return TaskBundle(bundle, "music", of_files, examples.classes, examples.vocabulary)


def network_of(section: Model) -> Network:
    """The network alone."""
    network = bundle_of(section).trained.network
    assert isinstance(network, Network)
    return network


def request(**changes) -> SampleRequest:
    """What `unroll sample` asks, of one short piece unless `changes` say else."""
    params = {"num_samples": 1, "max_tokens": 30, "temperature": 1.0, "top_k": None, "top_p": None, "prompt": ""}
    asked = {"seed": 1, "condition": None, "primer": None, "out": None} | changes
    return SampleRequest(SamplingParams(**(params | asked.pop("params", {}))), **asked)


@torch.no_grad()
def chain_rule(network, first: int, ids: list[int]) -> list[float]:
    """-ln p of each token, one step after another."""
    state, previous, nats = None, first, []
    for i in ids:
        logits, state = network(torch.tensor([[previous]]), state)
        nats.append(-float(logits[0, 0].log_softmax(-1)[i]))
        previous = i
    return nats
