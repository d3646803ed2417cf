"""One LSTM on tiny Shakespeare, beside n-grams and PyTorch's example: `python -m benchmarks.shakespeare [TEXT]`.

TEXT is `data/tinyshakespeare/input.txt` of github.com/karpathy/char-rnn, 1,115,394 characters. The command replaces one
section of docs/performance.md; where the text is absent it says so and measures nothing.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.page import PAGE, Section, Target, machine, replaced
from benchmarks.process import ROOT, measured
from benchmarks.word_language_model import Trained
from pipeline.base.artifacts import read_json
from pipeline.text.ngram import KneserNey
from pipeline.tokens.windows import load_ids
from reliability.project import make_project, stages_of

TEXT = ROOT.parent / "shared" / "data" / "lm" / "tinyshakespeare.txt"
SPLITS = "text"
"""The folder of the project that holds a file for each split."""
TITLE = "Tiny Shakespeare"
ORDER = 7
SHARES = {"validation": (0.0, 0.02), "train": (0.02, 0.9), "test": (0.9, 1.0)}
"""Of the text. The test split goes on with the play in which the training split ends: without its last 2 %, from which
the names of the test split's speakers are learned, a 7-gram pays 0.09 nats more."""
MODEL = {"dropout": 0.1, "forget_bias": 1.0, "chrono_steps": None}
RUNTIME = {"threads": 1, "accelerator": "cpu", "precision": "bfloat16"}
"""bfloat16 sees half as many characters again in the same time on processors that multiply it; others refuse."""
BUDGET = 5_100_000
"""Characters that the LSTM sees."""
STAGES = ("corpus", "tokenization", "vocabulary", "baseline", "train")
ONE_THREAD = {"OMP_NUM_THREADS": "1"}

METHOD = """\
Written by `python -m benchmarks.shakespeare TEXT`, where TEXT is data/tinyshakespeare/input.txt of \
github.com/karpathy/char-rnn, {characters} characters as one document. The last 10 % are the test split, the first \
2 % the validation split, which no weight is trained on. The stages {stages} run as processes of their own with the \
values of params.yaml, but for {values}. Then the word language model of PyTorch's examples is trained with its \
defaults on the same ids, for as many CPU seconds as the whole stage train took, imports included; its last validation \
and its final score come on top. Each has one thread and ends with the weights of its best validation. Test nats per \
character are those of the whole text with carried state. The {order}-gram (interpolated modified Kneser-Ney) is that \
of the stage baseline, and the same trained on the whole first 90 %, with which the target compares. The machine: \
{machine}."""


@dataclass(frozen=True)
class Ours:
    """What our stages came to."""

    validation: float
    """Nats per character of the LSTM."""
    test: float
    ngram: float
    """Test nats per character of the n-gram of the training split."""
    tokens_seen: int
    cpu_seconds: float
    """Of the stage train."""


def main(text: Annotated[Path, typer.Argument(help="tiny Shakespeare")] = TEXT) -> None:
    """Measure, and put the section into docs/performance.md."""
    if not text.is_file():
        typer.echo(f"skipped: {text} is absent; name the text: python -m benchmarks.shakespeare TEXT")
        return
    section = shakespeare(text)
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")
    typer.echo(section)
    for target in section.targets:
        typer.echo("  ".join(target.cells))


def shakespeare(text: Path) -> Section:
    """Train both and compare them."""
    with TemporaryDirectory() as name:
        folder = Path(name, "project")
        make_project(folder, of_one_lstm)
        characters = write_splits(text, folder / SPLITS)
        ours = run_stages(folder)
        ids = folder / "out" / "vocabulary" / "char"
        arguments = ["-m", "benchmarks.word_language_model", str(ids), str(ours.cpu_seconds)]
        theirs = Trained(**json.loads(measured(arguments, ROOT, ONE_THREAD).said))
        return section_of(ours, theirs, referee(ids), characters)


def write_splits(text: Path, folder: Path) -> int:
    """Write a file for each split; returns the characters of the text."""
    whole = text.read_text(encoding="utf-8")
    folder.mkdir()
    for name, (start, stop) in SHARES.items():
        part = whole[int(start * len(whole)) : int(stop * len(whole))]
        (folder / f"{name}.txt").write_text(part, encoding="utf-8")
    return len(whole)


def of_one_lstm(params: dict[str, Any]) -> None:
    """Values of params.yaml for these splits and one LSTM."""
    params["run"] |= {"levels": ["char"], "models": ["lstm"], "tasks": ["agreement"], "seeds": [1]}
    params["runtime"] |= RUNTIME
    params["corpus"] |= {"source": "files", "path": SPLITS, "unit": "document", "split": {"method": "given"}}
    params["vocabulary"]["char"]["min_count"] = 1
    params["models"]["lstm"] |= MODEL
    params["training"]["char"]["budget_tokens"] = BUDGET


def run_stages(folder: Path) -> Ours:
    """Run the stages of a project up to train."""
    commands = [(stage.split("@")[0], arguments) for stage, arguments in stages_of(folder)]
    taken = {stage: measured(arguments, folder, ONE_THREAD) for stage, arguments in commands if stage in STAGES}
    out = folder / "out"
    scores = read_json(out / "train" / "char-lstm-1" / "scores.json")
    rows = read_json(out / "baseline" / "char" / "baseline.json")["rows"]
    ngram = next(row["test"] for row in rows if row["name"] == f"{ORDER}-gram")
    return Ours(
        validation=_nats_per_char(scores["validation/bits_per_char"]),
        test=_nats_per_char(scores["test/bits_per_char"]),
        ngram=_nats_per_char(ngram["bits_per_char"]),
        tokens_seen=int(scores["tokens_seen"]),
        cpu_seconds=taken["train"].cpu_seconds,
    )


def _nats_per_char(bits_per_char: float) -> float:
    return bits_per_char * math.log(2)


def referee(ids: Path) -> float:
    """Test nats per character of the n-gram of validation and train split together."""
    validation, train, test = (load_ids(ids, split) for split in SHARES)
    first = np.concatenate([validation[:-1], train])  # one document: no EOS where it was cut
    size = read_json(ids / "vocabulary.json")["size"]
    return float(KneserNey.fit(first, size, ORDER, "stream").nats(test)[-1].mean())


def section_of(ours: Ours, theirs: Trained, ngram: float, characters: int) -> Section:
    """The rows and targets of docs/performance.md."""
    seconds = f"{ours.cpu_seconds:.0f}"
    rows = [
        [f"{ORDER}-gram of the training split", "-", "-", "-", f"{ours.ngram:.4f}"],
        [f"{ORDER}-gram of the first 90 %", "-", "-", "-", f"{ngram:.4f}"],
        ["lstm", seconds, f"{_epochs(ours, characters):.2f}", f"{ours.validation:.4f}", f"{ours.test:.4f}"],
        ["PyTorch's example", seconds, f"{theirs.epochs:.2f}", f"{theirs.validation:.4f}", f"{theirs.test:.4f}"],
    ]
    header = ["model", "CPU s", "epochs", "validation nats", "test nats"]
    ahead = [
        Target(f"{TITLE}: test nats that the lstm is ahead of the {ORDER}-gram", "", 0.0, ngram - ours.test, True),
        Target(f"{TITLE}: test nats ahead of PyTorch's example", "", 0.2, theirs.test - ours.test, True),
    ]
    return Section(TITLE, _method(characters), header, rows, ahead)


def _epochs(ours: Ours, characters: int) -> float:
    start, stop = SHARES["train"]
    return ours.tokens_seen / (characters * (stop - start))


def _method(characters: int) -> str:
    changed = {**MODEL, "budget_tokens": BUDGET, "min_count": 1, "precision": RUNTIME["precision"]}
    values = ", ".join(f"{key} {json.dumps(value)}" for key, value in changed.items())
    return METHOD.format(
        characters=f"{characters:,}", stages=", ".join(STAGES), values=values, order=ORDER, machine=machine(threads=1)
    )


if __name__ == "__main__":
    typer.run(main)
