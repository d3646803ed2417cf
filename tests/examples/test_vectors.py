"""Word vectors from files written by hand, and the look-up that starts from them."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sizes import E
from torch import nn

from pipeline.base.errors import CorpusError, PipelineError
from pipeline.examples.sets import Examples, Split
from pipeline.examples.vectors import read_vectors, with_vectors
from pipeline.networks.build import build_frame_classifier, build_tagger
from pipeline.networks.initialise import initialise_from_vectors
from pipeline.tokens.vocabulary import Vocabulary, learn

VOCABULARY = Vocabulary(
    learn(Counter({"the": 9, " the": 8, " The": 7, " Bank": 6, ".": 5, " zebra": 4}), 99, "pattern")
)
"""the 2, " the" 3, " The" 4, " Bank" 5, . 6, " zebra" 7."""
TRAIN = [np.array([2, 3, 3, 5, 1]), np.array([6, 7])]
GLOVE = "the 0.5 -1 2e-1\n. . . 7 7 7\n. 1 2 3\nbank 4 5 6\nthe 9 9 9\nThe 3 2 1\n"


def write(folder: Path, content: str | bytes, name: str = "glove.txt") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def expected() -> np.ndarray:
    rows = np.zeros((8, 3), np.float32)
    rows[2] = rows[3] = 0.5, -1, 0.2
    rows[4], rows[5], rows[6] = (3, 2, 1), (4, 5, 6), (1, 2, 3)
    return rows


def test_a_token_has_the_vector_of_its_word_or_of_the_word_in_lower_case(tmp_path):
    vectors, coverage = read_vectors(write(tmp_path, GLOVE), VOCABULARY, TRAIN)
    np.testing.assert_array_equal(vectors, expected())
    assert (coverage.types_with_vector, coverage.types, coverage.type_share) == (5, 6, 5 / 6)
    assert (coverage.tokens_with_vector, coverage.tokens, coverage.token_share) == (5, 7, 5 / 7)


def test_examples_have_vectors_and_their_coverage_or_stay_as_they_are(tmp_path):
    examples = Examples({"train": Split(TRAIN, [np.array(0)] * 2)}, ["x"], VOCABULARY, counts={"read": 2})
    assert with_vectors(examples, None) is examples
    started = with_vectors(examples, str(write(tmp_path, GLOVE)))
    np.testing.assert_array_equal(started.vectors, expected())
    with_vector = {"types_with_vector": 5, "tokens_with_vector": 5}
    assert started.counts == {"read": 2, "types": 6, "tokens": 7, **with_vector}


def test_the_exact_word_counts_wherever_it_is(tmp_path):
    lines = GLOVE.splitlines(keepends=True)
    vectors, _ = read_vectors(write(tmp_path, "".join([lines[-1], *lines[:-1]])), VOCABULARY, TRAIN)
    np.testing.assert_array_equal(vectors, expected())


@pytest.mark.parametrize(
    "content",
    [
        f"6 3\n{GLOVE}",
        f"6 3\n{GLOVE}".replace("\n", " \n"),
        f"\N{ZERO WIDTH NO-BREAK SPACE}{GLOVE}",
        GLOVE.replace("\n", "\r\n"),
        GLOVE.removesuffix("\n"),
        GLOVE + "\N{NEXT LINE}\N{LINE SEPARATOR} 1 2 3\n",
    ],
    ids=["word2vec", "trailing spaces", "BOM", "CRLF", "no line end", "a word that other readers cut"],
)
def test_the_same_vectors_in_other_dresses(tmp_path, content):
    for file in (write(tmp_path, content), write(tmp_path, gzip.compress(content.encode()), "v.vec.gz")):
        np.testing.assert_array_equal(read_vectors(file, VOCABULARY, TRAIN)[0], expected())


WRONG = {
    "shorter": ("the 1 2\n. 1\n", "line 2: a word and its 2 numbers, as in the lines before .got 1 numbers"),
    "longer": ("the 1 2\nzoo 1 2 3\n", "line 2: a word and its 2 numbers, as in the lines before .got 3 numbers"),
    "blank": ("the 1 2\n\n. 1 2\n", "line 2: a word and its 2 numbers, as in the lines before .got 0 numbers"),
    "of another size than the first line says": ("1 3\nthe 1 2\n", "line 2: a word and its 3 numbers"),
    "words alone": ("the\n.\n", "line 1: a word and its numbers .got 0 numbers"),
    "no number": ("the 1 2\n. 1 x\n", "line 2: finite numbers behind the word .got 'x'"),
    "not finite": ("the 1 nan\n", "line 1: finite numbers behind the word .got 'nan'"),
    "beyond float32": ("the 1 1e39\n", "line 1: finite numbers behind the word .got '1e39'"),
    "no UTF-8": (b"the 1 2\n\xe9t\xe9 1 2\n", r"line 2: a word in UTF-8 .got b'\\xe9t\\xe9'"),
    "empty": ("", "a word and its vector a line .got an empty file"),
    "cut off": ("3 2\nthe 1 2\n", "as many words as its first line says .got 1 of 3"),
    "another language": ("le 1 2\nla 1 2\n", "a vector of some word of the training examples .got none of 6 words"),
    "no vectors": ("0 2\n", "a vector of some word of the training examples .got none of 6 words"),
}


@pytest.mark.parametrize(("content", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_one_sentence(tmp_path, content, sentence):
    file = write(tmp_path, content)
    with pytest.raises(CorpusError, match=f"^{file}: {sentence}") as caught:
        read_vectors(file, VOCABULARY, TRAIN)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    whole = gzip.compress(GLOVE.encode() * 100)
    files = [
        tmp_path / "none.txt",
        tmp_path,
        write(tmp_path, GLOVE, "plain.gz"),
        write(tmp_path, whole[:-20], "cut.gz"),
    ]
    for file in files:
        with pytest.raises(CorpusError, match=f"^{file}: a file of word vectors that can be read .got "):
            read_vectors(file, VOCABULARY, TRAIN)


@given(st.binary(max_size=60) | st.text("the. 012x\n-", max_size=60).map(str.encode))
def test_any_bytes_are_vectors_or_one_sentence(tmp_path_factory, content):
    file = write(tmp_path_factory.getbasetemp(), content, "any.txt")
    try:
        vectors, coverage = read_vectors(file, VOCABULARY, TRAIN)
    except CorpusError as error:
        said = str(error)
    else:
        said = ""
        assert np.isfinite(vectors).all()
        assert 1 <= coverage.types_with_vector <= coverage.types
    assert "\n" not in said


SPACED = st.text(st.characters(codec="utf-8", exclude_characters="\n\r \ufeff"), min_size=1, max_size=6)


@given(
    st.dictionaries(
        SPACED, st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2)
    )
)
def test_what_was_written_is_read(tmp_path_factory, words):
    words = {"the": [0.25, -3.0]} | words
    lines = [f"{len(words)} 2"] + [f"{word} {x!r} {y!r}" for word, (x, y) in words.items()]
    file = write(tmp_path_factory.getbasetemp(), "\n".join(lines), "written.txt")
    vectors, _ = read_vectors(file, VOCABULARY, TRAIN)
    for i in range(2, VOCABULARY.size):
        word = VOCABULARY.token(i).strip()
        np.testing.assert_array_equal(vectors[i], np.float32(words.get(word, words.get(word.lower(), (0.0, 0.0)))))


@pytest.mark.parametrize("characters", [{}, {"num_characters": 6, "character_size": 2}], ids=["words", "spelled"])
def test_the_look_up_starts_from_the_vectors_as_they_are(model, generator, characters):
    vectors = torch.randn(VOCABULARY.size, E, generator=generator).numpy()
    vectors[[0, 1, 4]] = 0.0
    drawn, network = (build_tagger(model("gru"), VOCABULARY.size, 3, seed=1, **characters) for _ in range(2))
    initialise_from_vectors(network, vectors)
    for (name, found), before in zip(network.named_parameters(), drawn.parameters(), strict=True):
        if name in ("embed.weight", "embed.words.weight"):
            kept = [0, 1, 4, VOCABULARY.size]
            assert torch.equal(found[kept], before[kept])
            assert torch.equal(found[[2, 3, 5, 6, 7]], torch.from_numpy(vectors[[2, 3, 5, 6, 7]]))
            assert isinstance(found, nn.Parameter)
        else:
            assert torch.equal(found, before)


def test_vectors_of_another_size_are_one_sentence(model):
    vectors = np.ones((VOCABULARY.size, E + 1), np.float32)
    networks = {
        E: build_tagger(model("gru"), VOCABULARY.size, 3, seed=1),
        "null": build_tagger(model("gru", embedding_size=None), VOCABULARY.size, 3, seed=1),
    }
    for got, network in networks.items():
        with pytest.raises(PipelineError) as caught:
            initialise_from_vectors(network, vectors)
        assert str(caught.value) == (
            "params.yaml: models: embedding_size of a model that starts from word vectors is theirs, 6 "
            f"(got {got}); set it to 6, or name a file of other vectors"
        )
    with pytest.raises(PipelineError, match="embedding_size"):
        initialise_from_vectors(build_frame_classifier(model("gru"), E + 1, 3, seed=1), vectors)
