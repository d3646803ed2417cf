"""The tunes of Ryan's Mammoth Collection (Boston 1883), in ABC files of the package music21.

1,059 fiddle tunes, transcribed by Ray Davies and others. The tunes are in the public domain; music21's corpus has no
licence of its own, and some of its encodings may not be used commercially (corpus/license.txt of the package), so
nothing of it is copied into this project. Some files went by e-mail, which left `=` or `=20` at the ends of lines
and wrote `=3D` for `=`.
"""

import re
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.abc import tune_of_lines, tunes_in
from pipeline.tasks.music.data.tunes import Tune

FOLDER = "corpus/ryansMammoth"
KINDS = {"slipjig": "slip jig", "fling": "highland fling"}
"""Names of kinds that have another one in most of the files."""
VERSION = "10.5.1"


def ryans_tunes() -> tuple[list[Tune], int]:
    """The tunes in the order of their files, and how many could not be read: stderr says why.

    Raises:
        CorpusError: where the package is not installed.
    """
    tunes, num_unreadable = [], 0
    for file in sorted(_folder().glob("*.abc")):
        for lines in tunes_in(repaired(file.read_text(encoding="utf-8", errors="replace")), file.name):
            try:
                tunes.append(tune_of_lines(lines, file.name))
            except CorpusError as error:
                num_unreadable += 1
                sys.stderr.write(f"  left out: {str(error).rpartition(';')[0]}\n")
    return [_with_usual_kind(tune) for tune in tunes], num_unreadable


def _folder() -> Path:
    """The folder, found without running the package, which takes seconds."""
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        what_to_do = f"install it with `pip install music21=={VERSION}`, or set path to your own music"
        raise CorpusError("params.yaml: tasks.music.path", "null needs the package music21", "none", what_to_do)
    return Path(spec.origin).parent / FOLDER


def repaired(text: str) -> str:
    r"""The text as it was before it went by e-mail.

    >>> repaired("=3Dabc |=20\ncde=\n")
    '=abc |\ncde\n'
    """
    return re.sub(r"=(?:20)?$", "", text, flags=re.MULTILINE).replace("=3D", "=")


def _with_usual_kind(tune: Tune) -> Tune:
    return replace(tune, kind=KINDS.get(tune.kind, tune.kind))
