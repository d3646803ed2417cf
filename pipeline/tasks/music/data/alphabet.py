"""How ids are music: a network's tokens and kinds, read and written as tunes or chords."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.base.errors import PipelineError
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.music.data.encoding import chords_of, tokens_of, tokens_of_chords, tune_of
from pipeline.tasks.music.data.tunes import Piece, Tune
from pipeline.tasks.music.params import MusicParams
from pipeline.tokens.vocabulary import Vocabulary


@dataclass(frozen=True)
class Alphabet:
    """What a network reads and writes."""

    params: MusicParams
    vocabulary: Vocabulary
    kinds: Sequence[str]

    @classmethod
    def of(cls, bundle: TaskBundle[MusicParams]) -> "Alphabet":
        """That of a trained network."""
        assert bundle.vocabulary is not None
        return cls(bundle.params, bundle.vocabulary, bundle.classes)

    @property
    def a_frame(self) -> Fraction:
        """The length of a frame of chords, in quarter notes."""
        return Fraction(1, self.params.steps_per_beat)

    @property
    def begin_id(self) -> int:
        """What is read first where no kind is given."""
        return self.vocabulary.size

    def first_id(self, kind: str | None) -> int:
        """What is read first, of a kind or of none."""
        return self.begin_id if kind is None else self.begin_id + 1 + self.kinds.index(kind)

    def kind_of(self, first_id: int) -> str | None:
        """The kind whose id is read first."""
        return None if first_id == self.begin_id else self.kinds[first_id - self.begin_id - 1]

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """The tokens of ids without the last EOS."""
        return [self.vocabulary.token(i) for i in ids if i != Vocabulary.EOS]

    def piece(self, ids: Iterable[int], title: str, kind: str | None) -> Piece:
        """What ids say."""
        tokens = self.tokens(ids)
        return chords_of(tokens, title) if self.params.format == "chords" else tune_of(tokens, title, kind or "")

    def encoded(self, piece: Piece) -> list[int]:
        """The ids of a piece, without EOS; UNK where the network has never read a token."""
        return self.vocabulary.encode(" ".join(_tokens_of(piece))).tolist()

    def known(self, piece: Piece, where: str) -> list[int]:
        """The same of a piece without unknown tokens.

        Raises:
            PipelineError: where it has some.
        """
        ids = self.encoded(piece)
        if unknown := [token for token, i in zip(_tokens_of(piece), ids, strict=True) if i == Vocabulary.UNK]:
            rule, got = "notes, a key and a metre that the training split has", ", ".join(dict.fromkeys(unknown))
            raise PipelineError(where, rule, got, "change these")
        return ids


def _tokens_of(piece: Piece) -> list[str]:
    return tokens_of(piece) if isinstance(piece, Tune) else tokens_of_chords(piece)
