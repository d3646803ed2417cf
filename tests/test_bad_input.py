"""Bad input as a user meets it: one sentence and exit code 2, or the result the table tells; nothing half-written."""

import contextlib
import errno
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from bad_input import POSITION, ROOT, YAML_FILES, check_failed, given, parquet, set_values, shell

from pipeline import cli
from pipeline.base.artifacts import Record, Result, Row, write_json
from pipeline.base.errors import EXIT_OK, EXIT_USER_ERROR, disk_error
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import save_weights
from pipeline.params import load_params
from pipeline.stage import Output, stage
from pipeline.text.corpus import write_corpus
from pipeline.text.encoding import encode_split
from pipeline.text.params import CorpusParams
from pipeline.tokens.tokenization import tokenize
from pipeline.tokens.vocabulary import Vocabulary, learn
from stages.baseline import baseline
from stages.corpus import corpus
from stages.sampling import sampling
from stages.tokenization import tokenization
from stages.train import train
from stages.vocabulary import vocabulary

STAGES = (corpus, tokenization, vocabulary, baseline, train, sampling)
FREE_BYTES = 4096
"""What a disk that is nearly full still takes."""


@pytest.fixture
def unroll(monkeypatch, capfd) -> Callable[..., tuple[int, str, str]]:
    """A caller of the command: exit code, standard output, standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unroll", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return call


def flags(name: str, level: str, model: str) -> list[str]:
    """What dvc.yaml calls the stage with."""
    run = ["--level", level, "--model", model, "--seed", "1"]
    return {
        "corpus": ["--out", "out/corpus"],
        "tokenization": ["--level", level, "--corpus", "out/corpus", "--out", "out/tokenization"],
        "vocabulary": ["--level", level, "--tokens", "out/tokenization", "--out", "out/vocabulary"],
        "baseline": ["--level", level, "--ids", "out/vocabulary", "--corpus", "out/corpus", "--out", "out/baseline"],
        "train": [*run, "--ids", "out/vocabulary", "--out", "out/train"],
        "sampling": [*run, "--bundle", "out/train", "--ids", "out/vocabulary", "--out", "out/sampling"],
    }[name]


SPACES = {"tokenization.word.split": "spaces"}
SMALLEST = {
    # a token and its EOS: two targets in four lanes of eight steps; gradients at one lag need four for validation
    "one token": (given(b"a", b"a\na", b"a"), "char", {}, {"size": 3, "test/tokens": 2, "test/coverage": 1}),
    "one token, units alone": (
        given(b"a", b"a\na", b"a"),
        "char",
        {"batching.char": {"mode": "units"}},
        {"size": 3, "test/tokens": 2, "test/coverage": 1},
    ),
    "a vocabulary of one character": (
        given(b"aab", b"ab\na", b"ba"),
        "char",
        {"vocabulary.char.max_size": 3},
        {"size": 3, "test/coverage": 0.5, "test/unknown_rate": 1 / 3},
    ),
    "only unknown words": (
        given(b"ab cd", b"x y\nx", b"z x"),
        "word",
        {},
        {"size": 4, "test/coverage": 0, "test/unknown_rate": 2 / 3},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gru", "bidirectional_lstm"])
@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_texts_go_all_the_way(project, name, model):
    """Shorter than a window, fewer tokens than lanes: from text to samples, each number finite and what it must be."""
    files, level, changes, expected = SMALLEST[name]
    project(files, **changes)
    for each in STAGES:
        assert each.run(flags(each.name, level, model)) == EXIT_OK, each.name
    got = Record.load(Path("out/vocabulary")).metrics
    assert {key: got[key] for key in expected} == pytest.approx(expected)
    scores = json.loads(Path("out/train/scores.json").read_text(encoding="utf-8"))
    assert scores["test/nats_per_token"] > 0
    assert len(Path("out/sampling/samples.jsonl").read_text(encoding="utf-8").splitlines()) >= 1


@pytest.mark.parametrize("text", [b"<unk> <unk>", b"   "])
def test_a_training_text_without_a_known_word_is_one_sentence(project, capfd, text):
    project(given(text, b"x y", b"z"), **SPACES)
    for each in (corpus, tokenization):
        assert each.run(flags(each.name, "word", "gru")) == EXIT_OK
    capfd.readouterr()
    code = vocabulary.run(flags("vocabulary", "word", "gru"))
    sentence = "params.yaml: corpus: the training text holds a word other than <unk>"
    check_failed(code, capfd.readouterr().err, sentence, Path("out/vocabulary"))


def test_a_training_text_without_a_repeated_token_is_one_sentence(project, capfd):
    project(given(b"a b", b"x y", b"z"), **{"vocabulary.word.min_count": 2})
    for each in (corpus, tokenization):
        assert each.run(flags(each.name, "word", "gru")) == EXIT_OK
    capfd.readouterr()
    code = vocabulary.run(flags("vocabulary", "word", "gru"))
    sentence = "params.yaml: vocabulary.word.min_count: some token occurs 2 times in the training text .got at most 1.;"
    check_failed(code, capfd.readouterr().err, sentence, Path("out/vocabulary"))


LATER = {
    "a short validation text": (
        {"gradients": {"max_lag": 5, "positions": 4}},
        "gradients: validation ids: needs 3 max_lag . positions = 19 tokens .got 16.; lower gradients.max_lag or",
    ),
    "a prompt of unknown tokens": (
        {"sampling.char.prompt": "a cot"},
        "prompt: tokens that the model's vocabulary has .got .'o'..; leave these out",
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_stage_refuses_is_said_before_any_training(project, capfd, name):
    """By the vocabulary, which went well without the change, and by a training where the change came after it."""
    changes, sentence = LATER[name]
    folder = project(given(b"the cat sat", b"the cat and cat", b"cat"))
    for each in (corpus, tokenization, vocabulary):
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    params = YAML_FILES.load((folder / "params.yaml").read_text(encoding="utf-8"))
    set_values(params, changes)
    YAML_FILES.dump(params, folder / "params.yaml")
    capfd.readouterr()
    check_failed(train.run(flags("train", "char", "gru")), capfd.readouterr().err, sentence, Path("out/train"))
    shutil.rmtree("out/vocabulary")
    code = vocabulary.run(flags("vocabulary", "char", "gru"))
    check_failed(code, capfd.readouterr().err, sentence, Path("out/vocabulary"))


@pytest.mark.parametrize("min_count", [1, 2])
def test_a_vocabulary_that_leaves_unk_untrained_says_so(project, capfd, min_count):
    """Of the training text's characters, c and d occur once; the test text has an x."""
    project(given(b"abcabdab", b"abab", b"abx"), **{"vocabulary.char.min_count": min_count})
    for each in (corpus, tokenization, vocabulary):
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    sentence = "UNK is no target in the training text, so networks do not learn when to expect it"
    assert (sentence in capfd.readouterr().err) == (min_count == 1)
    metrics = Record.load(Path("out/vocabulary")).metrics
    assert metrics["train/unknown_rate"] == pytest.approx({1: 0.0, 2: 2 / 9}[min_count])
    assert metrics["test/unknown_rate"] == 0.25


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
@pytest.mark.parametrize(
    ("stage_name", "part"),
    [
        ("tokenization", "corpus/train.parquet"),
        ("vocabulary", "tokenization/test.parquet"),
        ("baseline", "corpus/test.parquet"),
    ],
)
def test_a_damaged_table_of_a_stage_before_is_one_sentence(project, capfd, stage_name, part, spoil):
    project(given(b"abc", b"a\na", b"b"))
    for each in STAGES[:3]:
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    shutil.rmtree(f"out/{stage_name}", ignore_errors=True)
    spoil(Path("out", part))
    capfd.readouterr()
    code = {each.name: each for each in STAGES}[stage_name].run(flags(stage_name, "char", "gru"))
    check_failed(code, capfd.readouterr().err, f"out/{part}: the file is needed, whole", Path("out", stage_name))


@pytest.mark.parametrize("columns", [{"n": ["a"]}, {"text": [1]}, {"text": ["a"], "n": [1]}])
def test_a_table_of_another_schema_is_one_sentence(project, capfd, columns):
    folder = project({})
    (folder / "out/corpus").mkdir(parents=True)
    (folder / "out/corpus/train.parquet").write_bytes(parquet(columns))
    code = tokenization.run(flags("tokenization", "char", "gru"))
    sentence = "out/corpus/train.parquet: the file is needed, whole, as its stage wrote it .got ArrowInvalid: the col"
    check_failed(code, capfd.readouterr().err, sentence, Path("out/tokenization"))


WRONG_VALUES = {
    "run.models": (["grue"], r"run.models: each is an entry of models \(got 'grue'\); did you mean 'gru'"),
    "run.levels": (["letter"], "run.levels.0: .*'char', 'word' or 'bpe'"),
    "vocabulary.bpe.max_size": (257, "vocabulary.bpe.max_size: .*greater than or equal to 258 .got 257"),
    "vocabulary.word.min_count": (0, "vocabulary.word.min_count: .*greater than or equal to 1 .got 0"),
    "vocabulary.char.max_size": (2, "vocabulary.char.max_size: .*greater than or equal to 3 .got 2"),
    "training.char.batch_size": (0, "training.char.batch_size: .*greater than or equal to 1 .got 0"),
    "sampling.char.num_samples": (0, "sampling.char.num_samples: .*greater than or equal to 1 .got 0"),
    "sampling.char.max_tokens": (0, "sampling.char.max_tokens: .*greater than or equal to 1 .got 0"),
    "sampling.char.temperature": (0.0, "sampling.char.temperature: .*greater than 0 .got 0.0"),
    "sampling.word.temperature": (-1.0, "sampling.word.temperature: .*greater than 0 .got -1.0"),
    "sampling.char.top_p": (0.0, "sampling.char.top_p: .*greater than 0 .got 0.0"),
    "sampling.word.top_p": (1.5, "sampling.word.top_p: .*less than or equal to 1 .got 1.5"),
    "sampling.char.top_k": (0, "sampling.char.top_k: .*greater than or equal to 1 .got 0"),
}


@pytest.mark.parametrize("key", WRONG_VALUES)
def test_a_wrong_value_is_one_sentence_before_anything_runs(project, unroll, capfd, key):
    value, sentence = WRONG_VALUES[key]
    project(given(b"a", b"b", b"c"), **{key: value})
    code, out, err = unroll("check")
    assert out == ""
    check_failed(code, err, f"params.yaml: {sentence}", Path("out"))
    code = corpus.run(["--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, f"params.yaml: {sentence}", Path("out"))


@pytest.fixture
def bundle(project, model) -> Path:
    """A saved bundle in the project's folder."""
    project({})
    section = model("gru")
    words = Vocabulary(learn(Counter("the cat sat."), 11, "char"))
    Path("bundle").mkdir()
    LanguageBundle(build_language_model(section, words.size, seed=1), words, section, "char", 1).save(Path("bundle"))
    return Path("bundle")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--num-samples", "0"], "unroll sample: num_samples: .*.got 0"),
        (["--max-tokens", "0"], "unroll sample: max_tokens: .*.got 0"),
        (["--num-samples", "1" + "0" * 25], "unroll sample: num_samples: .*less than or equal to 1000000000000"),
        (["--temperature", "0"], "unroll sample: temperature: .*greater than 0"),
        (["--temperature", "-1"], "unroll sample: temperature: .*greater than 0"),
        (["--top-p", "0"], "unroll sample: top_p: .*greater than 0"),
        (["--top-p", "1.01"], "unroll sample: top_p: .*less than or equal to 1"),
        (["--prompt", "zzq"], r"prompt: tokens that the model's vocabulary has \(got \['z', 'q'\]\); leave these out"),
        (["--prompt", "\udcff"], r"text: whole Unicode characters \(got '\\udcff' at place 0\); write it in UTF-8"),
    ],
)
def test_a_wrong_option_is_one_sentence(unroll, bundle, words, sentence):
    code, out, err = unroll("sample", str(bundle), *words)
    assert out == ""
    check_failed(code, err, sentence, Path("out"))


def test_half_a_character_cannot_be_scored(unroll, bundle):
    code, _, err = unroll("score", str(bundle), "a\udcff")
    check_failed(code, err, r"text: whole Unicode characters \(got '\\udcff' at place 1\)", Path("out"))


def test_a_seed_that_torch_does_not_take_is_a_usage_error(unroll, bundle):
    code, _, err = unroll("sample", str(bundle), "--seed", "9" * 30)
    assert code == EXIT_USER_ERROR
    assert "Invalid value for '--seed'" in err


def test_weights_of_the_same_shapes_are_told_apart(unroll, bundle, model):
    save_weights(build_language_model(model("gru"), 10, seed=2), bundle / "weights.safetensors")
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    sentence = "bundle/weights.safetensors: the file that model.json was written for .got SHA-256 "
    check_failed(code, err, sentence, Path("out"))


SPOILED: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "another format": lambda path: path.write_text("[]"),
    "no text": lambda path: path.write_bytes(b"\xff" * 99),
    "too deep": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "tokenizer.json"])
def test_a_bundle_with_a_spoiled_file_names_it(unroll, bundle, name, how):
    SPOILED[how](bundle / name)
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, f"bundle/{name}: the file is needed, whole, as its stage wrote it", Path("out"))


FOREIGN: dict[str, tuple[str, Callable[[dict], object], str]] = {
    "level": (
        "model.json",
        lambda about: about["owner"].update(level="letter"),
        "bundle/model.json: .*level: .*'letter'",
    ),
    "seed": ("model.json", lambda about: about.update(seed="one"), "bundle/model.json: .*seed: .*'one'"),
    "keys": ("model.json", lambda about: about.update(model={"cell": "gru"}), "bundle/model.json: .*hidden_size: the"),
    "sizes": (
        "model.json",
        lambda about: about.update(sizes={}),
        "bundle/model.json: .*sizes: those of a language_model, vocabulary_size .got none",
    ),
    "kind": (
        "model.json",
        lambda about: about.update(kind="regressor", sizes={"num_inputs": 5}),
        "bundle/weights.safetensors: fits model.json beside it",
    ),
    "names of files": (
        "model.json",
        lambda about: about["sha256"].update({"../secret": ""}),
        "bundle/model.json: .*sha256.*",
    ),
    "size": (
        "model.json",
        lambda about: about["model"].update(hidden_size=8),
        "bundle/weights.safetensors: fits model.json beside it .got readout.weight of shape .10, 7., needs .10, 8.",
    ),
    "vocabulary": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"new": 10}),
        "bundle/tokenizer.json: the file that model.json was written for .got SHA-256 .*; use the files of one",
    ),
    "vocabulary of the same size": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"!": about["model"]["vocab"].pop("t")}),
        "bundle/tokenizer.json: the file that model.json was written for .got SHA-256 .*; use the files of one",
    ),
    "ids": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"t": 500}),
        "bundle/tokenizer.json: .*ids do not count from 0 to V - 1",
    ),
    "names": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"[PAD]": about["model"]["vocab"].pop("<end of unit>")}),
        "bundle/tokenizer.json: .*ids 0 and 1 are not <end of unit> and <unk>",
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_bundle_with_a_file_of_another_is_one_sentence(unroll, bundle, what):
    name, change, sentence = FOREIGN[what]
    values = json.loads((bundle / name).read_text(encoding="utf-8"))
    change(values)
    (bundle / name).write_text(json.dumps(values), encoding="utf-8")
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, sentence, Path("out"))


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


def test_the_command_says_so_as_the_stages_do(unroll, bundle, monkeypatch):
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipeline.cli.language.load_bundle", full)
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, f"{Path.cwd()}, or .*: the disk takes all that is written", Path("out"))

    def broken(folder: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file")

    monkeypatch.setattr("pipeline.cli.language.load_bundle", broken)
    monkeypatch.setattr(sys, "argv", ["unroll", "score", str(bundle), "a"])
    with pytest.raises(FileNotFoundError):
        cli.main()


# The same from a real shell: no library says a word beside ours.


@pytest.mark.slow
def test_an_output_that_takes_nothing_is_one_sentence(project):
    folder = project({})
    with Path("/dev/full").open("w") as full:
        code, err = shell("pipeline.cli", "check", stdout=full)
    check_failed(code, err, f"{folder}, or .*: the disk takes all that is written", Path("out"))


@pytest.mark.slow
def test_who_reads_no_further_is_told_nothing(project):
    """As typer and rich have it."""
    project({})
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        assert shell("pipeline.cli", "check", stdout=gone) == (1, "")
