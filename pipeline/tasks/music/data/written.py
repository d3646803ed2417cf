"""What `unroll sample` writes: new tunes or chords of a kind, from first notes or from nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.errors import PipelineError
from pipeline.networks.language_model import LanguageModel
from pipeline.sampling.drawing import Choice
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, SampleRequest
from pipeline.tasks.music.data.alphabet import Alphabet
from pipeline.tasks.music.data.formats import SUFFIXES, abc, written
from pipeline.tasks.music.data.primer import one_piece
from pipeline.tasks.music.data.sampled import Sampled, sampled
from pipeline.tasks.music.data.tune_measures import notes_in_key, whole_bars
from pipeline.tasks.music.data.tunes import Piece, Tune
from pipeline.tasks.music.params import MusicParams

COMMAND = "unroll sample"


def sample(bundle: TaskBundle[MusicParams], request: SampleRequest) -> Iterator[Prediction]:
    """Draw pieces, and write them into files where `out` names one.

    Raises:
        PipelineError: where the network has no such kind, the primer cannot be read, or the file cannot be written.
    """
    network, alphabet = _network(bundle), Alphabet.of(bundle)
    _check_condition(request.condition, bundle.classes)
    files = _files(request.out, request.params.num_samples)
    primer = [] if request.primer is None else first_ids(one_piece(request.primer, bundle.params), alphabet)
    choice = Choice(request.params.temperature, request.params.top_k, request.params.top_p)
    sizes = {"num_samples": request.params.num_samples, "max_tokens": request.params.max_tokens}
    found = sampled(network, alphabet, request.condition, primer, choice, seed=request.seed, **sizes)
    for number, (one, file) in enumerate(zip(found, files, strict=True), 1):
        if file is not None:
            file.write_bytes(written(one.piece, file.suffix, alphabet.a_frame))
        yield _shown(number, one, file, alphabet)


def _network(bundle: TaskBundle[MusicParams]) -> LanguageModel:
    network = bundle.trained.network
    if not isinstance(network, LanguageModel):
        rule = "a network that reads from the left alone, for its next note is unknown"
        raise PipelineError(COMMAND, rule, "one that reads both ways", "choose another bundle of out/task")
    return network


def _check_condition(condition: str | None, kinds: Sequence[str]) -> None:
    if condition is not None and condition not in kinds:
        rule = f"one of {', '.join(kinds)}" if kinds else "no kind, for the network was trained without kinds"
        what_to_do = "choose one" if kinds else "leave it out"
        raise PipelineError(f"{COMMAND} --condition", rule, repr(condition), what_to_do)


def _files(out: Path | None, number: int) -> list[Path | None]:
    """The file of each sample: NAME.mid of one, NAME-1.mid, NAME-2.mid, ... of several."""
    if out is None:
        return [None] * number
    if out.suffix not in SUFFIXES:
        raise PipelineError(f"{COMMAND} --out", f"a file that ends with {', '.join(SUFFIXES)}", out, "name one")
    if not out.parent.is_dir():
        raise PipelineError(f"{COMMAND} --out", "a file in a folder that exists", out, f"make the folder {out.parent}")
    return [out] if number == 1 else [out.with_stem(f"{out.stem}-{i}") for i in range(1, number + 1)]


def first_ids(piece: Piece, alphabet: Alphabet) -> list[int]:
    """The ids of first notes; a last bar that is not whole stays open, so that the network completes it."""
    ids = alphabet.known(piece, f"{COMMAND} --primer")
    return ids[:-1] if isinstance(piece, Tune) and not whole_bars(piece)[-1] else ids


def _shown(number: int, one: Sampled, file: Path | None, alphabet: Alphabet) -> Prediction:
    """A line on the sample, and below it the file's name, or the piece itself."""
    piece, drawn = one.piece, one.drawn
    text = abc(piece, alphabet.a_frame)
    how = "ended by itself" if drawn.ended else "cut at the limit"
    said = f"--- sample {number}: {_about(piece)}, {how}, ln p = {drawn.log_probability:.3f}"
    fields: dict[str, Any] = {"kind": one.kind, "abc": text, "log_probability": drawn.log_probability}
    fields |= {"ended": drawn.ended, "file": None if file is None else str(file)}
    return Prediction(f"{said}\n{text}" if file is None else f"{said}\nwritten: {file}", fields)


def _about(piece: Piece) -> str:
    """
    >>> _about(Tune("", "", "D", "6/8", []))
    '0 notes in D, 0 of 0 bars add up, 0 of 0 notes in key'
    """
    if not isinstance(piece, Tune):
        return f"{len(piece.frames)} frames"
    whole, in_key = whole_bars(piece), notes_in_key(piece)
    bars = f"{sum(whole)} of {len(whole)} bars add up, {sum(in_key)} of {len(in_key)} notes in key"
    return f"{len(in_key)} notes in {piece.key}, {bars}"
