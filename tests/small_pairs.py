"""A small task that translates words to words: its params, its examples, and a network that has learned nothing."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from pipeline.examples.pairs import Pair, pair_examples
from pipeline.examples.sets import Examples
from pipeline.networks.build import BUILDERS
from pipeline.networks.bundle import Bundle
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.networks.params import Model
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.pair_params import PairParams
from pipeline.tasks.pair_task import pair_task

SIDE = {"scheme": "spaces", "lower_case": False, "max_size": 50, "min_count": 1, "max_steps": None}
PAIRS = {
    "train": [("eins zwei", "one two"), ("drei", "three"), ("zwei drei eins", "two three one"), ("eins", "one")],
    "validation": [("zwei", "two"), ("drei eins", "three one")],
    "test": [("eins drei", "one three"), ("zwei Otto eins", "two Otto one"), ("drei drei", "three three")],
}


def params(**changes: Any) -> PairParams:
    """Params with attention, a wide beam and no penalty."""
    values = {
        "path": None,
        "columns": None,
        "split": {"method": "hash", "validation": 0.1, "test": 0.1, "seed": 1},
        "pairs": 100,
        "source": SIDE,
        "target": SIDE,
        "attention": "dot",
        "copy_unknown": False,
        "beam_size": 3,
        "length_penalty": 0.0,
        "max_target_steps": 5,
        "epochs": 1,
        "batch_size": 4,
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "num_validations": 1,
        "log_every_steps": 1,
    }
    return PairParams.model_validate(values | changes)


def examples(of: PairParams) -> Examples:
    """Those of PAIRS."""
    splits = {
        name: [Pair(source, target, f"{name}:{i}") for i, (source, target) in enumerate(pairs)]
        for name, pairs in PAIRS.items()
    }
    return pair_examples(splits, of.source, of.target, "translation", {})


def untrained(of: PairParams, found: Examples, section: Model) -> EncoderDecoder:
    """A network with weights so large that its answers differ."""
    learned = pair_task(of)
    network = BUILDERS[learned.kind](section, seed=1, **learned.sizes(of, found))
    assert isinstance(network, EncoderDecoder)
    generator = torch.Generator().manual_seed(1)
    for weight in network.parameters():
        weight.data += 0.5 * torch.randn(weight.shape, generator=generator)
    for embed in (module for module in network.modules() if isinstance(module, nn.Embedding)):
        embed.weight.data[embed.padding_idx] = 0.0
    return network.eval()


def save_bundle(of: PairParams, section: Model, folder: Path) -> None:
    """Write the bundle of an untrained network into a folder."""
    found, learned = examples(of), pair_task(of)
    owner, sizes = TaskBundle.owner("translation", of, ()), dict(learned.sizes(of, found))
    bundle = Bundle(untrained(of, found, section), learned.kind, sizes, section, 1, owner)
    alphabets = (found.vocabulary, found.characters, found.target_vocabulary)
    TaskBundle(bundle, "translation", of, (), *alphabets).save(folder)
