"""Text in tokens."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from pipeline.base.artifacts import Record
from pipeline.base.errors import ArtifactError
from pipeline.tokens.batches import SCHEMA, as_batch
from pipeline.tokens.tokenization import (
    Scheme,
    check_nothing_lost,
    pieces,
    pre_tokenizer,
    read_tokens,
    scheme_of,
    tokenize,
    tokenize_split,
)

SCHEMES: list[Scheme] = ["char", "pattern", "spaces", "bytes"]
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from(" \n\t'a1.é\u0301\x00\r\x1c\x85\xa0\u2028\u3000"), st.characters(codec="utf-8"))
)


def rows(texts: list[str], scheme: Scheme) -> list[list[str]]:
    return tokenize(pa.array(texts, pa.string()), scheme).to_pylist()


@pytest.mark.parametrize(
    ("scheme", "text", "tokens"),
    [
        ("char", "añ 😀\n", ["a", "ñ", " ", "😀", "\n"]),
        ("char", "e\u0301", ["e", "\u0301"]),
        ("pattern", "Don't stop, 12ab!", ["Don", "'", "t", " stop", ",", " 12ab", "!"]),
        ("pattern", "a  b\n\n c \n", ["a", " ", " b", "\n\n", " c", " \n"]),
        ("spaces", "  = A <unk> , b  ", ["=", "A", "<unk>", ",", "b"]),
        ("spaces", "the new\nthe <unk>\n<eos>\r\n", ["the", "new", "the", "<unk>", "<eos>"]),
        (
            "spaces",
            "a\tb\u00a0c\u3000d\x1ce\u2028f\x85g\u200bh\ufeffi",
            ["a", "b", "c", "d", "e", "f", "g\u200bh\ufeffi"],
        ),
        ("bytes", "Don't stop, 12ab!", ["Don", "'t", " stop", ",", " 12", "ab", "!"]),
    ],
)
def test_by_hand(scheme, text, tokens):
    assert rows(["", text, ""], scheme) == [[], tokens, []]


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
@example(["", "👩‍👩‍👧 e\u0301\r\n\x00", " "])
@pytest.mark.slow
def test_text_in_is_text_out(texts):
    """Joined, the tokens are the text; for spaces, what Python's own split leaves of it."""
    for scheme in ("char", "pattern", "bytes"):
        assert ["".join(tokens) for tokens in rows(texts, scheme)] == texts
    assert rows(texts, "spaces") == [text.split() for text in texts]
    for scheme in SCHEMES:
        array = pa.array(texts, pa.string())
        check_nothing_lost(array, tokenize(array, scheme), scheme)


@settings(deadline=None)
@given(TEXTS)
def test_characters_are_those_of_the_pre_tokenizer(text):
    """The fast way by code points, and the way that tokenizer.json goes."""
    assert rows([text], "char") == [[token for token, _ in pre_tokenizer("char").pre_tokenize_str(text)]]


@settings(deadline=None)
@given(TEXTS)
def test_bytes_are_cut_where_byte_level_cuts(text):
    """ByteLevel shows its pretokens in another alphabet; where they start and end is comparable."""
    ours = [span for _, span in pre_tokenizer("bytes").pre_tokenize_str(text)]
    assert ours == [span for _, span in pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)]


@settings(deadline=None)
@given(TEXTS, st.integers(1, 9))
@example("a     b", 3)
def test_pieces_cut_no_pretoken(text, size):
    """A long text cut in pieces has the tokens of the whole."""
    cut = list(pieces(text, size))
    assert "".join(cut) == text
    for scheme in ("pattern", "spaces", "bytes"):
        pre = pre_tokenizer(scheme).pre_tokenize_str
        assert [token for piece in cut for token, _ in pre(piece)] == [token for token, _ in pre(text)]


def test_pieces_are_of_the_size_asked_for():
    assert max(map(len, pieces("word " * 1000, 100))) <= 105


@pytest.mark.parametrize("spoiled", [["to be"], ["to", "bee"], ["tobe", ""], ["to", " b"]])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_loss_is_noticed(spoiled, scheme):
    """Tokens of another text, or at the wrong unit, do not pass the check."""
    with pytest.raises(AssertionError, match=f"scheme {scheme} joined are not the text"):
        check_nothing_lost(
            pa.array(["to", " be"], pa.string()), tokenize(pa.array(spoiled, pa.string()), scheme), scheme
        )


@pytest.mark.parametrize("scheme", ["char", "pattern", "bytes"])
def test_a_lost_space_is_noticed(scheme):
    """Where spaces are part of tokens, a missing one does not pass."""
    with pytest.raises(AssertionError, match="joined are not the text"):
        check_nothing_lost(pa.array([" be"]), tokenize(pa.array(["be"]), scheme), scheme)


def test_schemes():
    assert [scheme_of("char", None), scheme_of("word", "pattern"), scheme_of("word", "spaces")] == SCHEMES[:3]


def write(path, batches) -> None:
    with pq.ParquetWriter(path, SCHEMA) as file:
        for texts in batches:
            file.write_batch(as_batch(texts))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_split_is_written_and_read_in_batches(tmp_path, scheme):
    """Two batches with dictionaries of their own; counts by hand; equal bytes of two runs."""
    write(tmp_path / "text.parquet", [["b a", ""], ["c  a"]])
    tally = tokenize_split(tmp_path / "text.parquet", tmp_path / "a.parquet", scheme)
    tokenize_split(tmp_path / "text.parquet", tmp_path / "b.parquet", scheme)
    expected = [rows(["b a", ""], scheme), rows(["c  a"], scheme)]
    assert [batch.to_pylist() for batch in read_tokens(tmp_path / "a.parquet")] == expected
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tally.units, tally.characters) == (3, 3 + 0 + 4 + 3)
    tokens = [token for batch in expected for row in batch for token in row]
    assert (tally.tokens, tally.types) == (len(tokens), set(tokens))
    assert pq.read_schema(tmp_path / "a.parquet").field("tokens").type.value_type == pa.dictionary(
        pa.int32(), pa.string()
    )


def test_a_damaged_file_is_an_artifact_error(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match=r"a\.parquet: the file is needed, whole"):
        list(read_tokens(tmp_path / "a.parquet"))


@pytest.mark.slow
def test_wikitext_counts(shared_data):
    """The published 217,646 tokens of WikiText-2's validation split, one EOS a line among them."""
    lines = (shared_data / "lm/wikitext2.valid.txt").read_text().removesuffix("\n").split("\n")
    tokens = tokenize(pa.array(lines, pa.string()), "spaces")
    assert len(tokens.flatten()) + len(lines) == 217_646
    assert len(tokens.flatten().dictionary) == 13_776


def test_the_stage(tmp_path, monkeypatch):
    """tokenization.json and metrics of one level of a corpus of three units."""
    from pathlib import Path

    from pipeline.base.errors import EXIT_OK
    from stages.tokenization import tokenization

    (tmp_path / "params.yaml").write_text((Path(__file__).parents[2] / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    Path("corpus").mkdir()
    for split in ("train", "validation", "test"):
        write(Path(f"corpus/{split}.parquet"), [["to be, or not", "to be"]])
    assert tokenization.run(["--level", "word", "--corpus", "corpus", "--out", "out/word"]) == EXIT_OK
    about = json.loads(Path("out/word/tokenization.json").read_text())
    counts = {"units": 2, "tokens": 7, "characters": 20}
    assert about == {
        "level": "word",
        "scheme": "pattern",
        "splits": dict.fromkeys(("train", "validation", "test"), counts),
    }
    metrics = Record.load(Path("out/word")).metrics
    assert (metrics["train/types"], metrics["test/tokens_per_unit"]) == (5, 3.5)
    assert metrics["test/characters_per_token"] == 20 / 7
