"""The bundle of a task's network: with the alphabets of both sides and the task's params, so that it can predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Int

from pipeline.base.artifacts import damaged, read_array
from pipeline.base.errors import ArtifactError, ParamsError
from pipeline.base.params import Name, Section, check
from pipeline.networks.bundle import MODEL, Bundle
from pipeline.tasks import names
from pipeline.tasks.params import TaskParams
from pipeline.tokens.vocabulary import Vocabulary

TOKENIZER, CHARACTERS, TARGET_TOKENIZER = "tokenizer.json", "characters.json", "target_tokenizer.json"
TEXT = "text.npy"

P = TypeVar("P", bound=TaskParams)


class Owner(Section):
    """What model.json holds of a task beside its network."""

    task: Name
    classes: list[str]
    params: dict[str, Any]
    """Its entry of params.yaml."""


@dataclass(frozen=True)
class TaskBundle(Generic[P]):
    """A trained network and all that turns an input into an answer."""

    trained: Bundle
    task: str
    params: P
    classes: Sequence[str]
    vocabulary: Vocabulary | None
    characters: Vocabulary | None = None
    """Of the characters of words, where the network reads these too."""
    target_vocabulary: Vocabulary | None = None
    """Of what the network writes, where that is another language than what it reads."""
    text: Int[np.ndarray, " N"] | None = None
    """The training targets one after another, each closed by EOS, where an n-gram is made of them beside the network:
    its counts would be larger."""

    def save(self, folder: Path) -> None:
        """Write the files into `folder`."""
        alphabets = {
            TOKENIZER: self.vocabulary,
            CHARACTERS: self.characters,
            TARGET_TOKENIZER: self.target_vocabulary,
        }
        files = {name: alphabet for name, alphabet in alphabets.items() if alphabet is not None}
        for name, alphabet in files.items():
            alphabet.save(folder / name)
        if self.text is not None:
            np.save(folder / TEXT, self.text.astype(np.int32), allow_pickle=False)
        self.trained.save(folder, [*files, *([] if self.text is None else [TEXT])])

    @staticmethod
    def owner(task: str, params: TaskParams, classes: Sequence[str]) -> dict[str, Any]:
        """What the network's bundle holds for this one."""
        return Owner(task=task, classes=list(classes), params=params.model_dump()).model_dump()

    @classmethod
    def load(cls, folder: Path) -> "TaskBundle[Any]":
        """Read a bundle, on the CPU, ready for use.

        Raises:
            ArtifactError: where a file is missing or damaged, or is of another bundle or another kind of network.
        """
        bundle = Bundle.load(folder)
        if "task" not in bundle.owner:
            raise ArtifactError(str(folder), "the bundle of a task", f"a {bundle.kind}", "choose a folder of out/task")
        try:
            owner = check(Owner, bundle.owner, MODEL)
            if owner.task not in names():
                raise ParamsError([f"{MODEL}: owner.task: one of {names()} (got {owner.task!r}); run `dvc repro`"])
            kind = import_module(f"pipeline.tasks.{owner.task}.params").PARAMS
            params = check(kind, owner.params, MODEL)
        except ParamsError as error:
            raise damaged(folder / MODEL, error) from None
        alphabets = [Vocabulary.load_if_there(folder / name) for name in (TOKENIZER, CHARACTERS, TARGET_TOKENIZER)]
        text = read_array(folder / TEXT) if (folder / TEXT).exists() else None
        return cls(bundle, owner.task, params, owner.classes, *alphabets, text=text)
