"""Music that a user gives a trained network: first notes to go on from, pieces to score."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.base.errors import PipelineError
from pipeline.tasks.music.data.files import abc_tunes
from pipeline.tasks.music.data.midi import chords_of_midi, tune_of_midi
from pipeline.tasks.music.data.tunes import Piece, Tune
from pipeline.tasks.music.params import MusicParams

MIDI, ABC = (".mid", ".midi"), (".abc",)


def one_piece(file: Path, params: MusicParams) -> Piece:
    """The one piece of a file.

    Raises:
        PipelineError: where it cannot be read, or has several.
    """
    found = pieces_of(file, params)
    if len(found) > 1:
        raise PipelineError(str(file), "one tune", len(found), "leave one in the file")
    return found[0]


def pieces_of(file: Path, params: MusicParams) -> Sequence[Piece]:
    """The tunes of a file of ABC, or the one of a file of MIDI; chords from MIDI alone.

    Raises:
        PipelineError: where it cannot be read, or where a tune of MIDI has several notes at once.
    """
    endings = MIDI if params.format == "chords" else (*ABC, *MIDI)
    if file.suffix.lower() not in endings:
        raise PipelineError(str(file), f"a file of {params.format} ({', '.join(endings)})", file.name, "name another")
    if not file.is_file():
        raise PipelineError(str(file), "a file that can be read", "no such file", "name another")
    if params.format == "chords":
        return [chords_of_midi(file, params.steps_per_beat)]
    return abc_tunes(file) if file.suffix.lower() in ABC else [_melody(file, params.steps_per_beat)]


def _melody(file: Path, steps_per_beat: int) -> Tune:
    frames = chords_of_midi(file, steps_per_beat).frames
    if (most := max(map(len, frames))) > 1:
        raise PipelineError(str(file), "a melody of one voice", f"{most} notes at once", "take the other voices out")
    return tune_of_midi(file, steps_per_beat, "")
