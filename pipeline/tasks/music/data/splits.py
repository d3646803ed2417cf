"""Pieces in three splits, versions of one piece in one of them."""

from collections.abc import Mapping, Sequence

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.families import families, intervals_of
from pipeline.tasks.music.data.files import given, pooled
from pipeline.tasks.music.data.ryan import ryans_tunes
from pipeline.tasks.music.data.tunes import Chords, Piece
from pipeline.tasks.music.params import MusicParams
from pipeline.text.params import HashSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

Pieces = Mapping[str, Sequence[Piece]]


def pieces_of_splits(params: MusicParams) -> tuple[Pieces, dict[str, int]]:
    """The pieces, and what is known of them: how many were read, how many are versions of another.

    `related`: of the training split, given as it is, the pieces that have a version in another one.

    Raises:
        CorpusError: where a file is wrong, or a split is left without a piece.
    """
    if params.split.method == "given":
        found = given(params)
        return found, {"read": sum(map(len, found.values())), "related": _related(found)}
    pieces, num_unreadable = ryans_tunes() if params.path is None else (pooled(params), 0)
    first = _families(pieces)
    counts = {"read": len(pieces), "unreadable": num_unreadable, "families": len(set(first))}
    return _by_hash(pieces, first, params.split), counts


def _families(pieces: Sequence[Piece]) -> list[int]:
    return families([piece.title for piece in pieces], [melody_of(piece) for piece in pieces])


def melody_of(piece: Piece) -> list[int]:
    """The MIDI numbers of its notes, one after another; of chords the highest."""
    if isinstance(piece, Chords):
        return [frame[-1] for frame in piece.frames if frame]
    return [note.pitch for note in piece.notes if note.pitch is not None]


def _by_hash(pieces: Sequence[Piece], first: Sequence[int], split: HashSplit) -> Pieces:
    """Each family where the hash of its first melody says."""
    dealt: dict[str, list[Piece]] = {name: [] for name in SPLITS}
    for piece, of in zip(pieces, first, strict=True):
        share = text_share(" ".join(map(str, intervals_of(melody_of(pieces[of])))), split.seed)
        name = "test" if share < split.test else "validation" if share < split.test + split.validation else "train"
        dealt[name].append(piece)
    if not all(dealt.values()):
        counts = {name: len(found) for name, found in dealt.items()}
        where, what_to_do = "params.yaml: tasks.music.split", "add pieces, or make its share larger"
        raise CorpusError(where, "each split has a piece", counts, what_to_do)
    return dealt


def _related(found: Pieces) -> int:
    """Training pieces that are versions of one in another split."""
    pieces = [piece for name in SPLITS for piece in found[name]]
    first, num_train = _families(pieces), len(found["train"])
    return sum(of in first[num_train:] for of in first[:num_train])
