"""A bundle: all that is needed to use a trained network, in files that belong together.

weights.safetensors holds the weights. model.json says what they mean: the kind of network, its sizes, the model's
section of params.yaml, the seed, what the owner of the bundle adds, and the SHA-256 of every file of the bundle.
The owner, who knows what goes in and out of the network, lays files of its own beside them.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as as_bytes
from torch import nn

from pipeline.base.artifacts import damaged, read_json, write_json
from pipeline.base.errors import ArtifactError, ParamsError
from pipeline.base.params import Count, Section, Seed, check
from pipeline.networks.build import BUILDERS, Kind, sizes_of
from pipeline.networks.params import Model

WEIGHTS, MODEL = "weights.safetensors", "model.json"
CHECKPOINTS = "checkpoints"
"""Folder beside them: the weights at each validation, one file each."""
FORMAT = 3
"""Of model.json. Format 1 held a vocabulary size and a level, of language models alone; in format 2 a model had no
readout_gain, and deep LSTMs started from other weights."""

N = TypeVar("N", bound=nn.Module)


class About(Section):
    """What model.json holds."""

    format: int
    kind: Kind
    sizes: dict[str, Count]
    """What the network's builder asks beside the model: the sizes of what goes in and out."""
    seed: Seed
    model: Annotated[Model, Field(discriminator="cell")]
    owner: dict[str, Any]
    sha256: dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], str]
    """Of the files beside it, by name."""

    @model_validator(mode="after")
    def _sizes_are_those_of_the_kind(self) -> "About":
        if self.sizes.keys() not in sizes_of(self.kind):
            known = " or ".join(", ".join(sorted(sizes)) for sizes in sizes_of(self.kind))
            rule = f"sizes: those of a {self.kind}, {known}"
            raise ValueError(f"{rule} (got {', '.join(self.sizes) or 'none'}); run `dvc repro`")
        return self

    def build(self) -> nn.Module:
        """The network as it was before training."""
        return BUILDERS[self.kind](self.model, seed=self.seed, **self.sizes)


@dataclass(frozen=True)
class Bundle:
    """A trained network, and all that builds it again."""

    network: nn.Module
    kind: Kind
    sizes: Mapping[str, int]
    model: Model
    seed: int
    owner: Mapping[str, Any] = field(default_factory=dict)
    """What else the owner wants to know of it, as JSON holds it."""

    def save(self, folder: Path, files: Sequence[str] = ()) -> None:
        """Write the network into `folder`, where the owner's `files` lie already."""
        save_weights(self.network, folder / WEIGHTS)
        about = {"format": FORMAT, "kind": self.kind, "sizes": self.sizes, "seed": self.seed, "owner": self.owner}
        sums = {name: _sha256(folder / name) for name in (WEIGHTS, *files)}
        write_json(folder / MODEL, {**about, "model": self.model.model_dump(), "sha256": sums})

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read a bundle, on the CPU, ready for use.

        Raises:
            ArtifactError: where a file is missing, damaged, of an older format, or belongs to another bundle.
        """
        about = _read_about(folder / MODEL)
        network = about.build()
        _load_weights(network, folder / WEIGHTS)
        _check_sums(folder, about.sha256)
        return cls(network.eval(), about.kind, about.sizes, about.model, about.seed, about.owner)


def save_weights(network: nn.Module, path: Path) -> None:
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


def checkpoints(folder: Path, build: Callable[[], N]) -> Iterator[tuple[int, N]]:
    """Step and network of each checkpoint that the training left in `folder`, in order.

    Args:
        build: makes the network that the weights are for.
    """
    for path in sorted(folder.glob(checkpoint_name("*"))):
        network = build()
        _load_weights(network, path)
        yield int(path.stem.removeprefix("step-")), network


def _read_about(path: Path) -> About:
    values = read_json(path)
    if isinstance(values, dict) and values.get("format", 1) != FORMAT:
        got = f"format {values.get('format', '1, which earlier versions wrote')}"
        raise ArtifactError(str(path), f"a bundle of format {FORMAT}", got, "train the model again with `dvc repro`")
    try:
        return check(About, values, MODEL)
    except ParamsError as error:
        raise damaged(path, error) from None


def _check_sums(folder: Path, expected: Mapping[str, str]) -> None:
    """Another model of the same shapes fits, and so does another vocabulary of the same size."""
    for name in sorted({WEIGHTS, *expected}):
        given = _sha256(folder / name)
        if given != expected.get(name):
            raise _foreign(folder / name, f"the file that {MODEL} was written for", f"SHA-256 {given[:12]}...")


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise damaged(path, error) from None


def _load_weights(network: nn.Module, path: Path) -> None:
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
    return ArtifactError(str(path), rule, got, "use the files of one training, or run `dvc repro`")
