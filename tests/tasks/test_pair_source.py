"""The source of translation: dates and files, its baselines by hand, settings, and its figure."""

import json
from pathlib import Path

import pytest
from bad_input import GIVEN, HASH, check_failed

from pipeline.base.errors import EXIT_OK, ParamsError
from pipeline.base.params import check
from pipeline.examples.pairs import Pair, pair_examples
from pipeline.params import load_params
from pipeline.tasks.pair_baselines import pair_baselines
from pipeline.tasks.pair_params import PairParams
from pipeline.tasks.pair_source import pair_source
from stages.examples import examples

ROOT = Path(__file__).parents[2]
SIDE = {"scheme": "spaces", "lower_case": True, "max_size": 100, "min_count": 1, "max_steps": None}
COLUMNS = {"source": "en", "target": "fr"}


def params(**changes):
    entry = load_params(ROOT / "params.yaml").tasks.translation_attention.model_dump()
    return check(PairParams, entry | changes, "params.yaml: tasks.s")


def pair(source, target):
    return Pair(source, target, source)


@pytest.fixture
def found():
    splits = {
        "train": [
            pair("a dog runs", "un chien court"),
            pair("a cat runs", "un chat court"),
            pair("the dog", "le chien"),
            pair("the cat", "le chat"),
            pair("a dog", "un chien"),
        ],
        "validation": [pair("the dog runs", "le chien court"), pair("the rat", "le rat")],
        "test": [pair("a dog runs", "un chien court")],
    }
    words = params(source=SIDE, target=SIDE)
    return pair_baselines(words, pair_examples(splits, words.source, words.target, "s", {}))


def test_baselines_are_those_worked_by_hand(found):
    scores = {baseline.name: {of: m["exact"].value for of, m in baseline.scores.items()} for baseline in found}
    assert scores == {
        "source as it is": {"validation": 0, "test": 0},
        "nearest training sentence": {"validation": 0, "test": 1},  # `the dog` is nearer than `a dog runs`
        "IBM Model 1 word by word": {"validation": 1, "test": 1},  # `rat`, never seen, stays
    }
    assert all(list(m) == ["exact", "bleu", "chrf"] for baseline in found for m in baseline.scores.values())


def test_the_default_examples_are_dates_in_three_splits():
    made = pair_source("s").read(params(pairs=400))
    assert sum(map(len, made.splits.values())) == 400
    assert made.target_vocabulary is not None
    assert made.target_vocabulary.size == 2 + len("0123456789-")
    assert set(made.splits["test"].notes) == {"source", "reference", "language", "format", "seen"}
    assert made.splits["train"].targets[0].tolist()[-1] == made.target_vocabulary.EOS
    assert pair_source("s").figure(params(pairs=400), made).axes


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"columns": COLUMNS}, "columns: without effect with path null"),
        ({"path": "data"}, "columns: files have two columns, or endings"),
        ({"split": GIVEN}, "split.method: dates bring no splits"),
        ({"attention": "none", "copy_unknown": True}, "copy_unknown: attention says which word to copy"),
        ({"split": HASH | {"test": 0.95}}, "split: validation and test leave a share to train"),
        ({"path": "data", "columns": {"source": "en", "target": "en"}}, "columns.target: another column than source"),
    ],
)
def test_settings_without_effect_are_refused(changes, sentence):
    with pytest.raises(ParamsError, match=f"params.yaml: tasks.s: {sentence}"):
        params(**changes)


SENTENCES = "".join(f"a dog {i}\n" for i in range(40)).encode()
FILES = {"t.en": SENTENCES, "t.fr": SENTENCES.replace(b"a dog", b"un chien")}
BAD = {
    "unaligned": ({**FILES, "t.fr": b"x\n"}, HASH, r"texts/t.fr: as many lines as texts/t.en"),
    "one file missing": ({"t.en": SENTENCES}, HASH, r"texts/t.en: beside it is the aligned file t.fr"),
    "a blank side": ({**FILES, "t.en": b"\n" + SENTENCES[8:]}, HASH, r"texts/t.en: line 1: a sentence \(got ''\)"),
    "too few pairs": ({"t.en": b"a\n", "t.fr": b"un\n"}, HASH, r"params.yaml: tasks.translation.split"),
    "no test files": ({"train.en": SENTENCES, "train.fr": SENTENCES}, GIVEN, r"texts: split.method given needs files"),
    "one sentence": (
        {f"{split}.{side}": b"a\n" for split in ("train", "val", "test") for side in ("en", "fr")},
        GIVEN, r"texts/val.en: line 1: validation has a source that no later split has",
    ),
}  # fmt: skip


def settings_of(split):
    entry = {"path": "texts", "columns": COLUMNS, "split": split, "source": SIDE, "target": SIDE}
    return {"tasks.path": "texts", **{f"tasks.translation.{key}": value for key, value in entry.items()}}


@pytest.mark.parametrize("name", BAD)
def test_wrong_pairs_are_one_sentence(project, capfd, name):
    files, split, sentence = BAD[name]
    project(files, **settings_of(split))
    code = examples.run(["--task", "translation", "--out", "out/examples"])
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_aligned_files_become_examples(project):
    project(FILES, **settings_of(HASH))
    assert examples.run(["--task", "translation", "--out", "out/examples"]) == EXIT_OK
    about = json.loads(Path("out/examples/examples.json").read_text(encoding="utf-8"))
    assert about["counts"] == {"read": 40, "repeats": 0, "too_long": 0}
    assert sum(of["examples"] for of in about["splits"].values()) == 40
