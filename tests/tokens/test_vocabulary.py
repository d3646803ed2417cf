"""Ids of tokens."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from pipeline.base.errors import ArtifactError, CorpusError
from pipeline.tokens.tokenization import Scheme, tokenize
from pipeline.tokens.vocabulary import EOS_TOKEN, UNK_TOKEN, Vocabulary, count_types, learn

TRAINING = [
    "to be, or not to be:",
    "that is the question",
    "the the the",
    "é😀 \x00\r\n e\u0301",
    "<eos> <unk> <end of unit>",
]
SCHEMES: list[Scheme] = ["char", "pattern", "spaces", "bytes"]
SIZES = {"char": 99, "pattern": 99, "spaces": 99, "bytes": 290}
NAMES = f"<eos> {UNK_TOKEN} <s> {EOS_TOKEN} [UNK]"


def counted(texts: list[str], scheme: Scheme) -> Counter[str]:
    return count_types([tokenize(pa.array([text], pa.string()), scheme) for text in texts])


def learned(scheme: Scheme, max_size: int | None = None) -> Vocabulary:
    return Vocabulary(learn(counted(TRAINING, scheme), max_size or SIZES[scheme], scheme))


@pytest.fixture(scope="module")
def vocabularies() -> dict[Scheme, Vocabulary]:
    return {scheme: learned(scheme) for scheme in SCHEMES}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_counts(scheme):
    """The same as counting in a loop, over batches with dictionaries of their own."""
    tokens = [row for text in TRAINING for row in tokenize(pa.array([text]), scheme).to_pylist()]
    assert counted(TRAINING, scheme) == Counter(token for row in tokens for token in row)


def test_the_most_frequent_have_ids():
    """By falling count, ties by text; EOS and UNK are of the size."""
    vocabulary = Vocabulary(learn({"c": 2, "b": 1, "a": 1, "d": 5, "e": 1}, 6, "char"))
    assert [vocabulary.token(i) for i in range(vocabulary.size)] == [EOS_TOKEN, UNK_TOKEN, "d", "c", "a", "b"]
    assert (Vocabulary.EOS, Vocabulary.UNK, vocabulary.size) == (0, 1, 6)
    assert vocabulary.encode("dcbae").tolist() == [2, 3, 5, 4, 1]
    assert learned("char", 3).size == 3


def test_what_occurs_less_often_than_min_count_has_no_id():
    """The size is filled with what is left; <unk> of the text itself is never one of them."""
    counts = {"c": 2, "b": 1, "a": 1, "d": 5, UNK_TOKEN: 9}
    for max_size, left in ((6, ["d", "c"]), (3, ["d"])):
        vocabulary = Vocabulary(learn(counts, max_size, "spaces", min_count=2))
        assert [vocabulary.token(i) for i in range(2, vocabulary.size)] == left
    assert Vocabulary(learn(counts, 6, "spaces", min_count=3)).size == 3


def test_a_text_without_frequent_tokens_is_a_users_error():
    with pytest.raises(
        CorpusError,
        match=r"vocabulary\.word\.min_count: some token occurs 3 times.* \(got at most 2\); lower it, or give",
    ):
        learn({"a": 2, "b": 1, UNK_TOKEN: 9}, 9, "pattern", min_count=3)


def test_bpe_by_hand():
    """Of `aab` and `aac` the pair `aa` is the first merge; ids are by count of what is left then."""
    vocabulary = Vocabulary(learn({"aab": 2, "aac": 1}, 259, "bytes"))
    assert [vocabulary.token(i) for i in range(2, 6)] == ["aa", "b", "c", "!"]
    assert vocabulary.encode("aaab").tolist() == [2, vocabulary.encode("a")[0], 3]
    assert vocabulary.size == 259


def test_bpe_has_ids_by_falling_count():
    """Counted over the training text itself."""
    counts = np.zeros(SIZES["bytes"], int)
    for text in TRAINING:
        counts += np.bincount(learned("bytes").encode(text), minlength=len(counts))
    assert (np.diff(counts[2:]) <= 0).all()
    assert counts[2] > 0


def test_bpe_needs_all_bytes():
    """params.yaml has no less: BpeVocabularyParams."""
    assert learned("bytes", 258).decode(learned("bytes", 258).encode("日本")) == "日本"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_equal_text_has_equal_bytes(tmp_path, scheme):
    """Two learnings, and a save of what was loaded; the order of counting does not matter."""
    learned(scheme).save(tmp_path / "a.json")
    counts = dict(reversed(counted(TRAINING, scheme).items()))
    Vocabulary(learn(counts, SIZES[scheme], scheme)).save(tmp_path / "b.json")
    Vocabulary.load(tmp_path / "a.json").save(tmp_path / "c.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "c.json").read_bytes()


@settings(deadline=None)
@given(st.text())
@example("")
@example("👩‍👩‍👧 e\u0301\r\n\x00 ")
@example(NAMES)
def test_bpe_gives_back_every_text(vocabularies, text):
    assert vocabularies["bytes"].decode(vocabularies["bytes"].encode(text)) == text
    assert Vocabulary.UNK not in vocabularies["bytes"].encode(text)


@settings(deadline=None)
@given(st.text(alphabet=sorted(set("".join(TRAINING)))))
@example(NAMES.replace("s>", "o>").replace("[UNK]", ""))
def test_char_gives_back_every_text_of_known_characters(vocabularies, text):
    assert vocabularies["char"].decode(vocabularies["char"].encode(text)) == text


@settings(deadline=None)
@given(st.data(), st.sampled_from(["pattern", "spaces"]))
def test_word_gives_back_every_text_of_known_words(vocabularies, data, scheme):
    """Texts whose tokens are known; without runs of spaces, where spaces are not kept."""
    words = st.sampled_from(["to", "be,", "or", "not", "be:", "the", "question", "that", "is", "<eos>"])
    text = " ".join(data.draw(st.lists(words)))
    ids = vocabularies[scheme].encode(text)
    if Vocabulary.UNK not in ids:
        assert vocabularies[scheme].decode(ids) == text
    if scheme == "spaces":
        assert Vocabulary.UNK not in ids


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=3))
@example([NAMES, "", " é"])
@pytest.mark.slow
def test_a_text_has_the_ids_of_its_tokens(vocabularies, texts):
    """tokenizer.json cuts a raw text as the tokenization stage does: the ids of both ways are the same."""
    for scheme in SCHEMES:
        vocabulary = vocabularies[scheme]
        for text, tokens in zip(texts, tokenize(pa.array(texts, pa.string()), scheme).to_pylist(), strict=True):
            each = vocabulary.encode_each(tokens)
            assert vocabulary.encode(text).tolist() == [i for ids in each for i in ids]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_text_holds_a_special_token(vocabularies, scheme):
    """EOS comes out of no text; UNK out of `spaces` alone, where <unk> is the text's own mark."""
    ids = vocabularies[scheme].encode(NAMES)
    assert Vocabulary.EOS not in ids
    if scheme == "spaces":
        assert ids.tolist() == [vocabularies[scheme].encode("<eos>")[0], 1, 1, *ids[3:6], 1]
        assert Vocabulary.UNK not in ids[3:6]
    if scheme == "bytes":
        assert vocabularies[scheme].decode(ids) == NAMES
    assert len(Tokenizer.from_str(learned(scheme)._tokenizer.to_str()).get_added_tokens_decoder()) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_eos_gives_nothing(vocabularies, scheme):
    vocabulary = vocabularies[scheme]
    the = vocabulary.encode("the").tolist()
    assert vocabulary.decode([0, *the, 0, 0]) == vocabulary.decode(np.array([0, *the], np.uint16)) == "the"
    assert vocabulary.decode([]) == vocabulary.decode([0]) == ""
    assert vocabulary.encode("").tolist() == []


def test_unknown_characters_become_unk(vocabularies):
    assert vocabularies["char"].encode("aЖb").tolist()[1] == Vocabulary.UNK


def test_what_people_read(tmp_path):
    """Id, count, token."""
    vocabulary = Vocabulary(learn({"a": 2, "\n": 3}, 9, "char"))
    vocabulary.save_listing(tmp_path / "vocabulary.txt", np.array([1, 0, 3, 2]))
    assert (tmp_path / "vocabulary.txt").read_text() == "0\t1\t'<end of unit>'\n1\t0\t'<unk>'\n2\t3\t'\\n'\n3\t2\t'a'\n"


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-9], lambda text: "{}", lambda text: text.replace("<unk>", "<u>")]
)
def test_a_damaged_tokenizer_is_an_artifact_error(tmp_path, spoil):
    path = tmp_path / "tokenizer.json"
    learned("char").save(path)
    assert Vocabulary.load(path).size == learned("char").size
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ArtifactError, match=r"tokenizer\.json: the file is needed, whole"):
        Vocabulary.load(path)


def test_a_missing_tokenizer_is_an_artifact_error(tmp_path):
    with pytest.raises(ArtifactError, match=r"\(got no such file\)"):
        Vocabulary.load(tmp_path / "tokenizer.json")


def test_the_file_is_plain_hugging_face(tmp_path):
    """Whoever has `tokenizers` can use it."""
    learned("bytes").save(tmp_path / "tokenizer.json")
    text = "to be 日本"
    ids = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(text).ids
    assert ids == learned("bytes").encode(text).tolist()
    assert json.loads((tmp_path / "tokenizer.json").read_text())["added_tokens"] == []
