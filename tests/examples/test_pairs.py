"""Pairs of texts as users write them: read unchanged, or one sentence with file and line; no source in two splits."""

import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.errors import CorpusError
from pipeline.examples import pair_files
from pipeline.examples.pair_splits import as_given, by_hash
from pipeline.examples.pairs import Pair, ids_of, pair_examples, text_of
from pipeline.examples.params import BpeTextParams, PairColumns, TextParams
from pipeline.examples.sets import Examples
from pipeline.examples.splits import folded
from pipeline.text.params import HashSplit

COLUMNS = PairColumns(source="en", target="fr")
HEAD = b"fr,en\n"


def parquet(**columns):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


GOOD = {
    "aligned files": ({"t.en": b"a dog\ntwo\n", "t.fr": b"un chien\ndeux"}, [("a dog", "un chien"), ("two", "deux")]),
    "packed": ({"t.en.gz": gzip.compress(b"a\n"), "t.fr": b"un\n"}, [("a", "un")]),
    "CRLF, a BOM, and lines blank in both": (
        {"t.en": b"\xef\xbb\xbfa\r\n\r\n b \r\n", "t.fr": b"un\n \ndeux\n"},
        [("a", "un"), ("b", "deux")],
    ),
    "other separators are no line ends": (
        {"t.en": "a\u2028b\nc\rd\n".encode(), "t.fr": b"x\ny\n"},
        [("a\u2028b", "x"), ("c\nd", "y")],
    ),
    "NFC": ({"t.en": b"a\n", "t.fr": "cafe\u0301\n".encode()}, [("a", "café")]),
    "a third language": ({"t.en": b"a\n", "t.fr": b"un\n", "t.de": b"ein\nzwei\n"}, [("a", "un")]),
    "two pairs of files": (
        {"one/t.en": b"a\n", "one/t.fr": b"un\n", "two/t.en": b"b\n", "two/t.fr": b"deux\n"},
        [("a", "un"), ("b", "deux")],
    ),
    "csv": ({"a.csv": HEAD + b'"un, deux",a\n\nx,y\n'}, [("a", "un, deux"), ("y", "x")]),
    "tsv": ({"a.tsv": b'en\tfr\n"a\tb\n'}, [('"a', "b")]),
    "jsonl, packed": ({"a.jsonl.gz": gzip.compress(b'{"en": "a", "fr": "un", "n": 1}\n')}, [("a", "un")]),
    "parquet": ({"a.parquet": parquet(n=[1], fr=["un"], en=["a"])}, [("a", "un")]),
}  # fmt: skip
BAD = {
    "a line too few": ({"t.en": b"a\nb\n", "t.fr": b"un\n"}, r"t.fr: as many lines as .*t.en.* \(got 1\); add"),
    "a line too many": ({"t.en": b"a\n", "t.fr": b"un\ndeux\n"}, r"t.en: as many lines as .*t.fr.* \(got 1\); add"),
    "a blank side": ({"t.en": b"a\nb\n", "t.fr": b"un\n \n"}, r"t.fr: line 2: a sentence \(got ' '\); write one"),
    "no other file": ({"t.en": b"a\n"}, r"t.en: beside it is the aligned file t.fr \(got none\); add it"),
    "no source file": ({"t.fr": b"a\n"}, r"t.fr: beside it is the aligned file t.en \(got none\); add it"),
    "neither file": ({"t.txt": b"a\n"}, r"t.txt: beside it is the aligned file t.en \(got none\); add it"),
    "names that differ": ({"a.en": b"a\n", "b.fr": b"un\n"}, r"a.en: beside it is the aligned file a.fr"),
    "empty files": ({"t.en": b"", "t.fr": b""}, r"t.en: a sentence a line \(got none\)"),
    "blank files": ({"t.en": b"\n", "t.fr": b"\n"}, r"t.en: a sentence a line \(got none\)"),
    "not UTF-8": ({"t.en": b"a\n", "t.fr": b"\xff\n"}, r"t.fr: byte 0: the text is UTF-8 \(got 0xff\)"),
    "a damaged gzip": ({"t.en.gz": b"a\n", "t.fr": b"un\n"}, r"t.en.gz: a whole gzip file"),
    "no files": ({}, r": a table, or a folder with files \*.en and \*.fr \(got none\)"),
    "no such column": ({"a.csv": b"en,de\na,ein\n"}, r"a.csv: tasks.s.columns.target is one of \['en', 'de'\]"),
    "a blank cell": ({"a.csv": HEAD + b"un,a\ndeux, \n"}, r"a.csv: line 3: a sentence \(got ' '\)"),
    "no text": ({"a.jsonl": b'{"en": "a", "fr": 3}\n'}, r"a.jsonl: line 1: fr holds text.*\(got 3.0\)"),
    "no rows": ({"a.csv": HEAD}, r"a.csv: a table with rows \(got none\)"),
}


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", GOOD)
def test_pairs_come_out_as_written(tmp_path, name):
    files, expected = GOOD[name]
    write(tmp_path, files)
    assert [(pair.source, pair.target) for pair in pair_files.pooled(tmp_path, COLUMNS, "s")] == expected


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_is_one_sentence(tmp_path, name):
    files, sentence = BAD[name]
    write(tmp_path, files)
    with pytest.raises(CorpusError, match=rf"^{tmp_path}/?{sentence}") as caught:
        pair_files.pooled(tmp_path, COLUMNS, "s")
    assert "\n" not in str(caught.value)


def test_a_path_is_a_table_or_a_folder(tmp_path):
    with pytest.raises(CorpusError, match=r"^params.yaml: tasks.s.path: a file or folder that is there"):
        pair_files.pooled(tmp_path / "none", COLUMNS, "s")
    write(tmp_path, {"a.csv": HEAD + b"un,a\n"})
    (pair,) = pair_files.pooled(tmp_path / "a.csv", COLUMNS, "s")
    assert pair == Pair("a", "un", f"{tmp_path}/a.csv: line 2")


def test_splits_are_given_by_names(tmp_path):
    files = {"m.train.en": b"a\n", "m.train.fr": b"un\n", "val.csv": HEAD + b"deux,b\n"}
    write(tmp_path, files)
    with pytest.raises(CorpusError, match=r"needs files of train, validation and test \(got none of \['test'\]\)"):
        pair_files.given(tmp_path, COLUMNS, "s")
    write(tmp_path, {"m.test.en.gz": gzip.compress(b"c\n"), "m.test.fr": b"trois\n"})
    found = pair_files.given(tmp_path, COLUMNS, "s")
    assert {name: [pair.source for pair in pairs] for name, pairs in found.items()} == {
        "train": ["a"],
        "validation": ["b"],
        "test": ["c"],
    }
    write(tmp_path, {"other.csv": HEAD + b"x,y\n"})
    with pytest.raises(CorpusError, match=r"other.csv: each file's name says train, validation"):
        pair_files.given(tmp_path, COLUMNS, "s")


def pair(source, target):
    return Pair(source, target, f"{source} and {target}")


WORDS = st.sampled_from(["a", "A", " a", "b", "c  d", "c d", "e", "f", "g", "h", "i", "j", "k"])
SPLIT = HashSplit(method="hash", validation=0.3, test=0.3, seed=1)


@settings(max_examples=100)
@given(st.lists(st.builds(pair, WORDS, WORDS), min_size=1))
def test_no_source_is_in_two_splits_and_no_pair_twice(pairs):
    base = [pair(f"s {i}", "t") for i in range(30)]  # so that no split is empty
    dealt, counts = by_hash([*base, *pairs], SPLIT, "s")
    sources = [{folded(pair.source) for pair in of} for of in dealt.values()]
    assert len(sources[0] | sources[1] | sources[2]) == sum(map(len, sources))
    kept = [(folded(pair.source), folded(pair.target)) for of in dealt.values() for pair in of]
    assert len(kept) == len(set(kept)) == counts["read"] - counts["repeats"]
    assert set(kept) == {(folded(pair.source), folded(pair.target)) for pair in [*base, *pairs]}


def test_other_pairs_move_none_and_the_first_of_equals_stays():
    pairs = [pair(f"s {i}", f"t {i}") for i in range(50)]
    dealt, _ = by_hash(pairs, SPLIT, "s")
    more, _ = by_hash([*pairs, pair("S  0", "T 0"), *(pair(f"u {i}", "v") for i in range(50))], SPLIT, "s")
    assert all(set(map(id, of)) <= set(map(id, more[name])) for name, of in dealt.items())


def test_given_splits_lose_sources_of_later_ones_alone():
    splits = {
        "train": [pair("a", "1"), pair("B", "2"), pair("c", "3"), pair("c", "3")],
        "validation": [pair("b", "9"), pair("d", "4")],
        "test": [pair("A", "8"), pair("A", "8")],
    }
    dealt, counts = as_given(splits)
    assert {name: [(p.source, p.target) for p in of] for name, of in dealt.items()} == {
        "train": [("c", "3"), ("c", "3")],
        "validation": [("b", "9"), ("d", "4")],
        "test": [("A", "8"), ("A", "8")],
    }
    assert counts == {"read": 8, "repeats": 2}
    with pytest.raises(CorpusError, match=r"a and 1: train has a source that no later split has \(got none\)"):
        as_given({**splits, "train": [pair("a", "1")]})


def side(scheme, **changes):
    kind = BpeTextParams if scheme == "bytes" else TextParams
    sizes = {"max_size": 300} if scheme == "bytes" else {"max_size": 50, "min_count": 1}
    return kind(**{"scheme": scheme, "lower_case": False, "max_steps": None, **sizes, **changes})


SPLITS = {
    "train": [pair("Two dogs .", "Deux chiens ."), pair("A dog runs .", "Un chien court ."), pair("A .", "Un .")],
    "validation": [pair("A cat .", "Un chat .")],
    "test": [pair("Two cats run .", "Deux chats courent .")],
}


def both(found):
    """The vocabularies of both sides."""
    assert found.vocabulary is not None
    assert found.target_vocabulary is not None
    return found.vocabulary, found.target_vocabulary


@pytest.mark.parametrize("scheme", ["char", "pattern", "spaces", "bytes"])
def test_ids_are_the_texts_again(scheme, tmp_path):
    """Those of the training split; what it has not is unknown, but in bytes."""
    pair_examples(SPLITS, side(scheme), side(scheme), "s", {}).save(tmp_path)
    found = Examples.load(tmp_path)
    of_source, of_target = both(found)
    for name, split in found.splits.items():
        for i, (ids, ended) in enumerate(zip(split.inputs, split.targets, strict=True)):
            assert ended[-1] == of_target.EOS
            assert not (ended[:-1] == of_target.EOS).any()
            if name == "train" or scheme == "bytes":
                assert text_of(ids, of_source) == split.notes["source"][i]
                assert text_of(ended, of_target) == split.notes["reference"][i]
    unknown = (found.splits["test"].inputs[0] == of_source.UNK).any()
    assert unknown == (scheme != "bytes")


def test_vocabularies_are_of_the_training_split_and_of_their_side():
    found = pair_examples(SPLITS, side("spaces", lower_case=True), side("char"), "s", {"read": 5})
    of_source, of_target = both(found)
    assert of_source.unknown("a dog runs . two dogs") == []
    assert of_source.unknown("cat chien") == ["cat", "chien"]
    assert of_target.size == 2 + len(set("Deux chiens . Un chien court ."))
    assert found.counts == {"read": 5, "too_long": 0}
    assert ids_of(["DOG"], of_source, side("spaces", lower_case=True))[0].tolist() != [of_source.UNK]


def test_long_training_pairs_are_left_out_and_others_stay_whole():
    found = pair_examples(SPLITS, side("spaces", max_steps=3), side("spaces", max_steps=3), "s", {})
    assert found.splits["train"].notes["source"] == ["Two dogs .", "A ."]
    assert found.splits["test"].lengths == [4]
    assert len(found.splits["test"].targets[0]) == 5
    assert found.counts == {"too_long": 1}
    one_side = pair_examples(SPLITS, side("spaces"), side("spaces", max_steps=2), "s", {})
    assert one_side.splits["train"].notes["reference"] == ["Un ."]
    with pytest.raises(CorpusError, match=r"^params.yaml: tasks.s.source and target: some training pair has at most"):
        pair_examples(SPLITS, side("spaces", max_steps=1), side("spaces"), "s", {})


def test_no_token_often_enough_is_one_sentence():
    with pytest.raises(CorpusError, match=r"^params.yaml: tasks.s.target.min_count: some token occurs 9 times"):
        pair_examples(SPLITS, side("spaces"), side("spaces", min_count=9), "s", {})


def test_notes_of_pairs_are_notes_of_examples():
    noted = {name: [Pair(p.source, p.target, p.where, {"seen": True}) for p in of] for name, of in SPLITS.items()}
    split = pair_examples(noted, side("spaces"), side("spaces"), "s", {}).splits["train"]
    assert split.notes["seen"] == [True] * 3
    assert isinstance(split.targets[0], np.ndarray)
