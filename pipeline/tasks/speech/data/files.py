"""Recordings from files: a folder, or a .tar.gz of one, with transcripts in a table or in the files' names."""

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from pipeline.base.errors import CorpusError, PipelineError, ProblemsError
from pipeline.tasks.speech.data.clips import Clip, brought_to, checked_sound, is_long_enough
from pipeline.tasks.speech.data.waves import ENDINGS
from pipeline.tasks.speech.params import SpeechParams
from pipeline.text.files import files_of
from pipeline.text.tables import table_rows, text_of
from pipeline.tokens.units import normalize

TABLES = (".csv", ".tsv")
SHOWN = 5
"""Faults that are listed."""
SAYS_NOTHING = re.compile(r"[^\w\s']|_")
"""Punctuation, but for the apostrophe of `o'clock`."""


@dataclass(frozen=True)
class Recording:
    """A file of sound that has not been read."""

    where: str
    ending: str
    text: str
    speaker: str | None
    content: Callable[[], bytes]


def recordings(params: SpeechParams) -> list[Clip]:
    """Every recording of `path`, at the task's rate, checked.

    Raises:
        PipelineError: where something is wrong; several faults are listed, a line each.
    """
    clips, problems = [], []
    for recording in _found(params):
        try:
            clips.append(_clip(recording, params))
        except PipelineError as error:
            problems.append(str(error))
        if len(problems) == SHOWN:
            break
    if problems:
        raise ProblemsError(problems)
    if not clips:
        rule, what_to_do = f"files of sound, {', '.join(ENDINGS)}", "put some there, or correct tasks.speech.path"
        raise CorpusError(str(params.path), rule, "none", what_to_do)
    return clips


def _clip(recording: Recording, params: SpeechParams) -> Clip:
    samples, rate = checked_sound(recording.content(), recording.ending, recording.where)
    text = plain_text(recording.text, params.spoken or {})
    if not text:
        raise CorpusError(recording.where, "a transcript with a word", repr(recording.text), "write what is said")
    samples = brought_to(params.rate, samples, rate, recording.where)
    clip = Clip(samples, text, recording.speaker, recording.where)
    if params.joined is None and not is_long_enough(clip, params):
        rule = f"sound for its transcript, at least {2 * len(text) + 1} steps for {text[:40]!r}"
        what_to_do = "correct the transcript, or lower tasks.speech.stacked_frames"
        raise CorpusError(recording.where, rule, f"{len(samples) / params.rate:.2f} seconds", what_to_do)
    return clip


def plain_text(text: str, spoken: dict[str, str]) -> str:
    """Words in lower case without punctuation, some of them as they are spoken.

    >>> plain_text("It's 7,  he said.", {"7": "seven"})
    "it's seven he said"
    """
    words = SAYS_NOTHING.sub(" ", normalize(text).lower()).split()
    return " ".join(spoken.get(word, word) for word in words)


def _found(params: SpeechParams) -> Iterator[Recording]:
    path = Path(str(params.path))
    if not path.exists():
        rule, what_to_do = (
            "a file or folder that is there",
            "correct it, or set it to null for the voices of py-nanotts",
        )
        raise CorpusError("params.yaml: tasks.speech.path", rule, repr(params.path), what_to_do)
    if params.names is not None:
        return _named(_packed(path) if path.is_file() else _loose(path), params.names)
    if path.is_file():
        rule, what_to_do = "an archive has transcripts in its files' names", "describe them, or unpack the archive"
        raise CorpusError("params.yaml: tasks.speech.names", rule, None, what_to_do)
    return _listed(path, params)


def _loose(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    return ((str(file), file.read_bytes) for file in files_of(folder))


def _packed(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in sorted(archive.getmembers(), key=lambda member: member.name):
                if (file := archive.extractfile(member)) is not None:
                    content = file.read()
                    yield f"{path}: {member.name}", lambda content=content: content
    except (tarfile.TarError, EOFError, OSError) as error:
        rule, what_to_do = "a folder, or a .tar.gz of one", "fetch it again, or correct tasks.speech.path"
        raise CorpusError(str(path), rule, " ".join(str(error).split()), what_to_do) from None


def _named(files: Iterator[tuple[str, Callable[[], bytes]]], names: str) -> Iterator[Recording]:
    pattern = name_pattern(names)
    for where, content in files:
        file = Path(where)
        if file.suffix.lower() in ENDINGS:
            if (match := pattern.fullmatch(file.stem)) is None:
                what_to_do = "rename it, take it out, or correct tasks.speech.names"
                raise CorpusError(where, f"a name like {names}", repr(file.stem), what_to_do)
            text, speaker = match["text"].replace("_", " "), match.groupdict().get("speaker")
            yield Recording(where, file.suffix.lower(), text, speaker, content)


def name_pattern(names: str) -> re.Pattern[str]:
    """What the names of files are matched with.

    >>> name_pattern("{text}_{speaker}_{number}").fullmatch("turn_on_ann_3").groupdict()
    {'text': 'turn_on', 'speaker': 'ann', 'number': '3'}
    """
    parts = [(re.escape(before), field) for before, field, _, _ in Formatter().parse(names)]
    return re.compile("".join(before + (f"(?P<{field}>.+)" if field else "") for before, field in parts))


def _listed(folder: Path, params: SpeechParams) -> Iterator[Recording]:
    """What the table names; its files are named from its folder on."""
    table, columns = _table(folder), {key: key for key in ("text", "file")}
    if params.split.method == "speaker" or params.joined is not None:
        columns["speaker"] = "speaker"
    for place, (text, name, *speaker) in table_rows(table, table.suffix, columns):
        where, file = f"{table}: {place}", table.parent / str(name)
        if file.suffix.lower() not in ENDINGS or not file.is_file():
            rule = f"file names a file of sound ({', '.join(ENDINGS)}) beside the table"
            raise CorpusError(where, rule, repr(str(name)), "correct the row, or put the file there")
        said = text_of(where, "text", text)
        yield Recording(str(file), file.suffix.lower(), said, str(speaker[0]) if speaker else None, file.read_bytes)


def _table(folder: Path) -> Path:
    tables = [file for file in files_of(folder) if file.suffix in TABLES]
    if len(tables) != 1:
        rule, what_to_do = "one table of the transcripts (.csv, .tsv)", "leave one, or set tasks.speech.names"
        raise CorpusError(str(folder), rule, [file.name for file in tables] or "none", what_to_do)
    return tables[0]
