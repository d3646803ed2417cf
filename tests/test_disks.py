"""Disks that are full or read-only: one sentence, and nothing half-written."""

import contextlib
import errno
import os
import re
import resource
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from bad_input import POSITION, ROOT, check_failed

from pipeline.base.artifacts import Record, Result, Row, write_json
from pipeline.base.errors import disk_error
from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import save_weights
from pipeline.params import load_params
from pipeline.stage import Output, stage
from pipeline.text.corpus import write_corpus
from pipeline.text.encoding import encode_split
from pipeline.text.params import CorpusParams
from pipeline.tokens.tokenization import tokenize
from pipeline.tokens.vocabulary import Vocabulary, learn
from stages.corpus import corpus

FREE_BYTES = 4096
"""What a disk that is nearly full still takes."""
# Disks that are full or read-only.

MUCH = "".join(chr(ord("a") + i) for i in np.random.default_rng(1).integers(0, 26, 200_000))


def write_parquet(out: Path) -> None:
    values = {"source": "files", "path": "t", "hub": None, "column": None, "unit": "document", "split": POSITION}
    with TemporaryDirectory() as elsewhere:
        text = Path(elsewhere, "much.txt")
        text.write_text(MUCH, encoding="utf-8")
        write_corpus(CorpusParams.model_validate(values), text, out)


def write_ids(out: Path) -> None:
    words = Vocabulary(learn(Counter(MUCH), 99, "char"))
    encode_split([tokenize(pa.array([MUCH]), "char")], words, out / "train.npy")


def write_weights(out: Path) -> None:
    section = load_params(ROOT / "params.yaml").models["gru"]
    save_weights(build_language_model(section, 30, seed=1), out / "weights.safetensors")


def write_png(out: Path) -> None:
    from matplotlib.figure import Figure

    from pipeline.figures import save_png

    figure = Figure()
    figure.add_subplot().imshow(np.random.default_rng(1).random((300, 300)))
    save_png(figure, out / "figure.png", dpi=100)


def write_html(out: Path) -> None:
    from pipeline.report.parts import Report
    from pipeline.report.render import write_report

    write_report(Report(MUCH, []), out)


def write_record(out: Path) -> None:
    Record({}, {}, {}, [Row(step, {"loss": 1.0}) for step in range(5000)]).save(out)


WRITERS: dict[str, Callable[[Path], None]] = {
    "parquet": write_parquet,
    "npy": write_ids,
    "json": lambda out: write_json(out / "a.json", {"text": MUCH}),
    "safetensors": write_weights,
    "png": write_png,
    "html": write_html,
    "record": write_record,
}


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 1 MiB with params.yaml on it, as the working folder; skipped, aloud, where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or not mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)):
        pytest.skip("this user may mount no small disk")
    shutil.copy(ROOT / "params.yaml", disk)
    try:
        with contextlib.chdir(disk):
            yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def mounted(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True).returncode == 0


def fill(disk: Path) -> None:
    """Leave next to nothing."""
    with (disk / "filler").open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(FREE_BYTES)):
                pass
        file.truncate(file.tell() - FREE_BYTES)


def run_writer(kind: str, trouble: Callable[[], contextlib.AbstractContextManager]) -> int:
    """A stage that writes with the pipeline's own function while the disk is in trouble; what is to be met must be."""

    @stage
    def writing(*, out: Output) -> Result:
        """A stage that fails half-way."""
        with trouble():
            WRITERS[kind](out)
        pytest.fail("all was written")

    return writing.run(["--out", "out/writing"])


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_fills_up_is_one_sentence(small_disk, capfd, kind):
    """A real disk that is really full."""
    code = run_writer(kind, lambda: contextlib.nullcontext(fill(small_disk)))
    sentence = rf"{small_disk}, or .*: the disk takes all that is written \(got No space left on device\); free space"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))
    (small_disk / "filler").unlink()
    assert shutil.disk_usage(small_disk).used < 2**17  # nothing half-written holds the space


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """No file grows beyond FREE_BYTES; Python ignores the signal that would kill the process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FREE_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_limit_on_files_sizes_is_one_sentence(project, capfd, kind):
    project({})
    code = run_writer(kind, limited)
    sentence = r".*: files may grow as large as they must \(got File too large\); raise the limit \(`ulimit -f`\)"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_read_only_workspace_is_one_sentence(small_disk, capfd):
    (small_disk / "data").mkdir()
    assert mounted("-o", "remount,ro", str(small_disk))
    code = corpus.run(["--out", "out/corpus"])
    sentence = r"\.work.*: the disk can be written \(got Read-only file system\); mount it writable"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.EDQUOT, "Quota", "out/a"), "out/a: the disk takes all that is written .got Disk quota exceeded"),
        (OSError(errno.EROFS, "Read-only", "out/a"), "out/a: the disk can be written .got Read-only file system"),
        (OSError(errno.EACCES, "Denied", "out/a"), "out/a: open to the user who runs this .got Permission denied"),
        (OSError(errno.EPERM, "Denied", b"out/a"), ".*out/a.*: open to the user who runs this .got Operation not per"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            "temporary files: .*TMPDIR",
        ),
    ],
)
def test_what_a_disk_says_has_its_sentence(error, sentence):
    assert re.match(sentence, str(disk_error(error)))


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "No", "a"), OSError("no number"), BrokenPipeError()])
def test_other_trouble_is_not_the_disks(error):
    assert disk_error(error) is None
