"""A bundle: all that is needed to use a trained network, in three files that belong together.

weights.safetensors holds the weights, tokenizer.json the vocabulary they were trained with, model.json what they
mean (the model's section of params.yaml, level, vocabulary size, seed) and the SHA-256 of both.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as as_bytes

from pipeline.base.artifacts import damaged, read_json, write_json
from pipeline.base.errors import ArtifactError, ParamsError
from pipeline.base.params import Count, Level, Model, Section, Seed, check
from pipeline.networks.build import Network, build
from pipeline.tokens.vocabulary import Vocabulary

WEIGHTS, MODEL, TOKENIZER = "weights.safetensors", "model.json", "tokenizer.json"
CHECKPOINTS = "checkpoints"
"""Folder beside them: the weights at each validation, one file each."""


class About(Section):
    """What model.json holds."""

    level: Level
    seed: Seed
    vocabulary_size: Count
    sha256: dict[str, str]
    """Of the files beside it, by name."""
    model: Annotated[Model, Field(discriminator="cell")]


@dataclass(frozen=True)
class Bundle:
    """A trained network with its vocabulary."""

    network: Network
    vocabulary: Vocabulary
    model: Model
    level: Level
    seed: int

    def save(self, folder: Path) -> None:
        """Write the three files into `folder`."""
        save_weights(self.network, folder / WEIGHTS)
        self.vocabulary.save(folder / TOKENIZER)
        about = {"level": self.level, "seed": self.seed, "vocabulary_size": self.vocabulary.size}
        sums = {name: _sha256(folder / name) for name in (WEIGHTS, TOKENIZER)}
        write_json(folder / MODEL, {**about, "sha256": sums, "model": self.model.model_dump()})

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read a bundle, on the CPU, ready for use.

        Raises:
            ArtifactError: where a file is missing, damaged, or belongs to another bundle.
        """
        about = _read_about(folder / MODEL)
        vocabulary = Vocabulary.load(folder / TOKENIZER)
        if about.vocabulary_size != vocabulary.size:
            rule = f"has as many tokens as the network it stands with, {about.vocabulary_size}"
            raise _foreign(folder / TOKENIZER, rule, vocabulary.size)
        network = build(about.model, vocabulary.size, about.seed)
        _load_weights(network, folder / WEIGHTS)
        _check_sums(folder, about.sha256)
        return cls(network.eval(), vocabulary, about.model, about.level, about.seed)

    def initial(self) -> Network:
        """The network as it was before training, rebuilt from its seed."""
        return build(self.model, self.vocabulary.size, self.seed).eval()

    def checkpoints(self, folder: Path) -> Iterator[tuple[int, Network]]:
        """Step and network of each checkpoint that the training left in `folder`, in order."""
        for path in sorted(folder.glob(checkpoint_name("*"))):
            network = self.initial()
            _load_weights(network, path)
            yield int(path.stem.removeprefix("step-")), network


def save_weights(network: Network, path: Path) -> None:
    """Write a network's weights into a file, whose folder need not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    path.write_bytes(as_bytes(tensors))  # safetensors' own writer hides that the disk is full


def checkpoint_name(step: int | Literal["*"]) -> str:
    """The file of the weights after so many steps; names sort as steps do.

    >>> checkpoint_name(117)
    'step-00000117.safetensors'
    """
    return f"step-{step:08d}.safetensors" if isinstance(step, int) else f"step-{step}.safetensors"


def _read_about(path: Path) -> About:
    values = read_json(path)
    try:
        return check(About, values, MODEL)
    except ParamsError as error:
        raise damaged(path, error) from None


def _check_sums(folder: Path, expected: Mapping[str, str]) -> None:
    """Another model of the same shapes fits, and so does another vocabulary of the same size."""
    for name in (WEIGHTS, TOKENIZER):
        given = _sha256(folder / name)
        if given != expected.get(name):
            raise _foreign(folder / name, f"the file that {MODEL} was written for", f"SHA-256 {given[:12]}...")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _load_weights(network: Network, path: Path) -> None:
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise damaged(path, error) from None
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if expected != given:
        raise _foreign(path, f"fits {MODEL} beside it", _difference(expected, given))
    network.load_state_dict(tensors)


def _difference(expected: dict[str, Any], given: dict[str, Any]) -> str:
    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    return f"{wrong[0]} of shape {given.get(wrong[0])}, needs {expected.get(wrong[0])}"


def _foreign(path: Path, rule: str, got: object) -> ArtifactError:
    return ArtifactError(str(path), rule, got, "use the three files of one training, or run `dvc repro`")
