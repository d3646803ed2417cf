"""CoNLL files as people have them, and what is said of wrong ones."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.errors import CorpusError
from pipeline.tasks.entities.data import SOURCE
from pipeline.tasks.entities.data.conll import conll_sentences, parsed
from pipeline.tasks.entities.data.encoding import tags_of_split
from pipeline.tasks.entities.data.spans import TAG, spans_of

from .entity_params import GIVEN, small, write

GOOD = {
    "tabs": "A\tB-x\nb\tO\n\nc\tO\n",
    "blanks": "A  B-x\nb O\n\nc O\n",
    "no line end": "A B-x\nb O\n\nc O",
    "CRLF": "A B-x\r\nb O\r\n\r\nc O\r\n",
    "a BOM": "\ufeffA B-x\nb O\n\nc O\n",
    "blank lines before, between and behind": "\n\nA B-x\nb O\n\n \t\n\nc O\n\n\n",
    "a line of one tab": "A\tB-x\nb\tO\n\t\nc\tO\n",
    "four columns": "A NNP I-NP B-x\nb VB O O\n\nc . O O\n",
    "documents": "-DOCSTART- -X- O O\n\nA B-x\nb O\n\n-DOCSTART- -X- O O\n\nc O\n",
    "a document without a blank line": "A B-x\nb O\n-DOCSTART- O\nc O\n",
    "IOB1": "A I-x\nb O\n\nc O\n",
    "BIOES": "A S-x\nb O\n\nc O\n",
    "blanks at the end": "A B-x  \nb O\t\n\nc O\n",
}
WORD_AND_TAG = "a line holds a word and its tag"
BAD = {
    "no tag": ("A B-x\nb\n", f"a.conll: line 2: {WORD_AND_TAG} (got 'b'); add what is missing"),
    "no word": ("\tO\n", f"a.conll: line 1: {WORD_AND_TAG} (got 'O')"),
    "no such tag": (
        "\nA X-x\n",
        "a.conll: line 2: the last column is a tag such as O, B-place or I-place (got 'A X-x')",
    ),
    "no type": ("A B-\n", "a.conll: line 1: the last column is a tag"),
    "a type alone": ("A place\n", "a.conll: line 1: the last column is a tag"),
    "an underscore": ("A B_x\n", "a.conll: line 1: the last column is a tag"),
    "white space in a word": ("a\u00a0b O\n", "a.conll: line 1: a word has no white space of any kind within"),
    "a long line": ("a" * 100_000, f"(got '{'a' * 60}...')"),
    "not UTF-8": (b"caf\xe9 O\n", "a.conll: byte 3: the text is UTF-8 (got 0xe9)"),
    "a NUL": (b"a" * 99 + b" O\na\0b O\n", "a.conll: byte 103: text has no NUL character"),
}
SENTENCES = "A/B-x b/O\nc/O A/B-x"
TRAIN, DEV, TEST = "A/B-x b/O\nc/O", "d/O A/B-x", "b/O A/B-x"
BAD_SETS = {
    "no entity in the test split": (
        {"train": TRAIN, "dev": DEV, "test": "b/O"},
        "ner: the test split has entities (got 1 sentences, none with an entity)",
    ),
    "no test split": ({"train": TRAIN, "dev": DEV}, "ner: the test split has entities (got 0 sentences"),
    "no label at all": ({"train": "b/O\nc/O", "dev": DEV, "test": TEST}, "the train split has entities"),
    "a type absent from training": (
        {"train": TRAIN, "dev": DEV, "test": "b/O A/B-x\nb/O c/B-y"},
        "ner/test.conll: line 4: each type occurs in the training split",
    ),
    "a file of no split beside files of splits": (
        {"train": TRAIN, "dev": DEV, "test": TEST, "more": TEST},
        "ner/more.conll: each file's name says train, validation (dev) or test (got more.conll); rename it",
    ),
    "an empty file": ({"train": "", "dev": DEV, "test": TEST}, "the train split has entities (got 0 sentences"),
    "words too rare": (
        {"train": TRAIN, "dev": DEV, "test": TEST, "_": {"min_count": 9}},
        "params.yaml: tasks.entities.min_count: some word occurs so often in training (got at most 1)",
    ),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_files_as_people_have_them(text, tmp_path):
    file = tmp_path / "a.conll"
    file.write_text(text, encoding="utf-8", newline="")
    assert [(s.words, s.tags) for s in conll_sentences(file)] == [(("A", "b"), ("B-x", "O")), (("c",), ("O",))]


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_a_wrong_line_is_named(content, sentence, tmp_path):
    file = tmp_path / "a.conll"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CorpusError, match=re.escape(sentence)) as error:
        conll_sentences(file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("files", "sentence"), BAD_SETS.values(), ids=BAD_SETS)
def test_a_wrong_set_is_named(files, sentence, tmp_path):
    texts = {name: text for name, text in files.items() if name != "_"}
    params = small(path=str(write(tmp_path / "ner", **texts)), split=GIVEN, **files.get("_", {}))
    with pytest.raises(CorpusError, match=re.escape(sentence)):
        SOURCE.read(params)


def test_a_path_that_leads_nowhere(tmp_path):
    with pytest.raises(CorpusError, match=r"tasks.entities.path: a file or folder that is there \(got '.*nowhere'\)"):
        SOURCE.read(small(path=str(tmp_path / "nowhere")))


@given(st.text(alphabet="aBO-x \t\n\r\ufeff\u00a0IES", max_size=40))
def test_any_text_is_sentences_or_one_sentence_of_error(text):
    found, said = [], None
    try:
        found = list(parsed(text, "a.conll"))
    except CorpusError as error:
        said = str(error)
    assert said is None or re.fullmatch(r"a.conll: line \d+: [^\n]+ \(got [^\n]+\); [^\n]+", said)
    for sentence in found:
        assert 0 < len(sentence.words) == len(sentence.tags)
        assert all(word.split() == [word] for word in sentence.words)
        assert all(TAG.fullmatch(tag) and tag[0] in "OBI" for tag in sentence.tags)


@given(st.lists(st.lists(st.tuples(st.from_regex(r"\A[^\s\ufeff-]+\Z"), st.sampled_from(["O", "B-x"])), min_size=1)))
def test_what_is_written_is_read(sentences):
    text = "".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n" for sentence in sentences)
    assert [list(zip(s.words, s.tags, strict=True)) for s in parsed(text, "a")] == sentences


def test_given_splits_stay_and_training_loses_what_they_hold(tmp_path):
    path = write(tmp_path / "ner", **{"x.train": f"{TRAIN}\n{TEST}", "x.dev": DEV, "x.test": TEST})
    found = SOURCE.read(small(path=str(path), split=GIVEN))
    words = {name: split.notes["words"] for name, split in found.splits.items()}
    assert found.counts == {"read": 5, "repeats": 1}
    assert words == {"train": [["A", "b"], ["c"]], "validation": [["d", "A"]], "test": [["b", "A"]]}
    assert tags_of_split(found.splits["test"], found.classes) == [["O", "B-x"]]
    assert found.vocabulary is not None
    assert found.vocabulary.unknown("a b c d") == ["d"]  # learned from the training split alone, lower-cased
    assert found.splits["validation"].inputs[0].tolist() == found.vocabulary.encode("d a").tolist()


def test_other_files_are_split_by_sentence(tmp_path):
    """Equal sentences go to the same side, and what is added moves nothing."""
    lines = [f"w{n}/O A/B-x" for n in range(40)]
    some = SOURCE.read(small(path=str(write(tmp_path / "a", one="\n".join(lines)))))
    more = SOURCE.read(small(path=str(write(tmp_path / "b", one="\n".join([*lines, *lines, "new/O A/B-x"])))))
    for name, split in some.splits.items():
        words = {tuple(words) for words in split.notes["words"]}
        others = {tuple(words) for words in more.splits[name].notes["words"]} - {("new", "A")}
        assert words == others
    assert 4 <= len(some.splits["test"]) <= 14
    assert more.counts == {"read": 81, "repeats": 0}


def test_equal_words_are_equal_to_the_look_up_as_the_params_say(tmp_path):
    changes = {
        "split": GIVEN,
        "path": str(write(tmp_path / "ner", train="The/O 12/B-x the/O 34/B-x", dev=DEV, test=TEST)),
    }
    assert len(set(SOURCE.read(small(**changes)).splits["train"].inputs[0].tolist())) == 3
    assert len(set(SOURCE.read(small(**changes, zero_digits=True)).splits["train"].inputs[0].tolist())) == 2
    as_written = SOURCE.read(small(**changes, lower_case=False)).splits["train"]
    assert len(set(as_written.inputs[0].tolist())) == 4
    assert [spans_of(tags) for tags in tags_of_split(as_written, ["O", "B-x", "I-x"])] == [[(1, 2, "x"), (3, 4, "x")]]
