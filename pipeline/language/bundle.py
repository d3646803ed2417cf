"""The bundle of a language model: its network, the vocabulary it was trained with (tokenizer.json), and the level."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.artifacts import damaged
from pipeline.base.errors import ArtifactError, ParamsError
from pipeline.base.params import Level, Section, check
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.bundle import MODEL, Bundle, checkpoints
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.params import Model
from pipeline.tokens.vocabulary import Vocabulary

TOKENIZER = "tokenizer.json"


class Owner(Section):
    """What model.json holds of a language model beside its network."""

    level: Level


@dataclass(frozen=True)
class LanguageBundle:
    """A trained language or cloze model with its vocabulary."""

    network: Network
    vocabulary: Vocabulary
    model: Model
    level: Level
    seed: int

    def save(self, folder: Path) -> None:
        """Write the three files into `folder`."""
        self.vocabulary.save(folder / TOKENIZER)
        sizes, owner = {"vocabulary_size": self.vocabulary.size}, Owner(level=self.level)
        bundle = Bundle(self.network, "language_model", sizes, self.model, self.seed, owner.model_dump())
        bundle.save(folder, [TOKENIZER])

    @classmethod
    def load(cls, folder: Path) -> "LanguageBundle":
        """Read a bundle, on the CPU, ready for use.

        Raises:
            ArtifactError: where a file is missing or damaged, or is of another bundle or another kind of network.
        """
        vocabulary = Vocabulary.load(folder / TOKENIZER)
        bundle = Bundle.load(folder)
        if not isinstance(bundle.network, LanguageModel | ClozeModel):
            raise ArtifactError(str(folder), "the bundle of a language model", f"a {bundle.kind}", "choose another")
        try:
            owner = check(Owner, bundle.owner, MODEL)
        except ParamsError as error:
            raise damaged(folder / MODEL, error) from None
        return cls(bundle.network, vocabulary, bundle.model, owner.level, bundle.seed)

    def initial(self) -> Network:
        """The network as it was before training, rebuilt from its seed."""
        return build_language_model(self.model, self.vocabulary.size, self.seed).eval()

    def checkpoints(self, folder: Path) -> Iterator[tuple[int, Network]]:
        """Step and network of each checkpoint that the training left in `folder`, in order."""
        return checkpoints(folder, self.initial)
