"""Whatever is read gives a result or a user's error: no other exception, and no warning, which here is an error."""

import gzip
import io
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.base.errors import PipelineError
from pipeline.base.params import check
from pipeline.params import Params, load_params, read_yaml
from pipeline.text.sources import file_units
from pipeline.tokens.tokenization import Scheme, tokenize
from pipeline.tokens.units import normalize
from pipeline.tokens.vocabulary import UNK_TOKEN, Vocabulary, learn

SHIPPED = read_yaml(Path(__file__).parents[1] / "params.yaml")
few = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""A file is read in 20 to 80 ms. Each example overwrites the last one's file."""


def refused(work: Callable[[], object]) -> str:
    """The user's error, or nothing."""
    try:
        work()
    except PipelineError as error:
        return str(error)
    return ""


def vocabulary_of(text: str, scheme: Scheme, max_size: int) -> Vocabulary:
    tokens = tokenize(pa.array([text], pa.string()), scheme).to_pylist()[0]
    return Vocabulary(learn(Counter(tokens), max_size, scheme))


@settings(max_examples=60)
@given(st.text(min_size=1))
@example("\0")
@example("<unk> <end of unit>")
@example("e\u0301\ufeff\u2028 \x0c\n")
def test_text_that_is_known_comes_back(text):
    """Every character and every word has its id; ids are those of the tokens, none of them UNK."""
    text = normalize(text)
    schemes: tuple[Scheme, ...] = ("char", "pattern")
    for scheme in schemes:
        vocabulary = vocabulary_of(text, scheme, max_size=10_000)
        assert vocabulary.unknown(text) == []
        assert vocabulary.decode(vocabulary.encode(text)) == text


@settings(max_examples=60)
@given(st.text())
@example("\0")
@example("<unk> <end of unit>")
@example("e\u0301\ufeff\u2028 \x0c\n")
def test_bytes_know_every_text(text):
    """Text that the vocabulary was not learned from, too."""
    assert BYTES.decode(BYTES.encode(text)) == text


BYTES = vocabulary_of("the cat sat on the mat and the dog sat on the log " * 9, "bytes", max_size=300)


WORDS = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda character: not character.isspace()), min_size=1)


@settings(max_examples=60)
@given(
    st.lists(WORDS, min_size=1),
    st.lists(st.sampled_from([" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\x1c"]), min_size=1),
)
@example(["the", "new", "the"], ["\n"])
def test_words_between_white_space_come_back(words, between):
    """With a space between them; all but the mark of an unknown word, which has no other spelling."""
    text = "".join(word + between[i % len(between)] for i, word in enumerate(words))
    known = [word for word in words if word != UNK_TOKEN]
    if known:
        vocabulary = vocabulary_of(" ".join(known), "spaces", max_size=10_000)
        assert vocabulary.decode(vocabulary.encode(text)) == " ".join(words)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"n": [1, 2, 3], "text": ["aé\nb", "", "c"]}), file)
    return file.getvalue()


WHOLE = {
    "txt": "\ufeffOne\r\ntwo\u2028\x0c\r\n\r\n \rthree cafe\u0301\n".encode(),
    "csv": b'n,text\n1,007\n2,"a\r\nb, ""c"""\n',
    "jsonl": b'{"text": "a", "n": 1}\n{"text": "b\\n", "n": 2}\n',
    "parquet": parquet(),
}
PIECES = [
    b'"',
    b"\n",
    b"\r",
    b",",
    b"{",
    b"}",
    b"[",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"null",
    b"text",
    b"\\ud800",
    b"9" * 30,
]
pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=4).map(b"".join)


@st.composite
def spoiled(draw: st.DrawFn, whole: bytes) -> bytes:
    """A whole file with some of its bytes replaced, or perhaps bytes alone."""
    if draw(st.integers(0, 4)) == 0:
        return draw(pieces)
    start = draw(st.integers(0, len(whole)))
    stop = draw(st.integers(start, min(len(whole), start + 4)) | st.just(len(whole)))
    return whole[:start] + draw(pieces) + whole[stop:]


def read(folder: Path, name: str, content: bytes) -> None:
    """Units that could be written, or a user's error that names the file."""
    path = folder / name
    path.write_bytes(content)
    column = None if name.startswith("a.txt") else "text"
    for unit in ("line", "document"):
        units: list[str] = []
        refusal = refused(lambda unit=unit, units=units: units.extend(file_units([path], column, unit)))
        assert refusal == "" or (str(path) in refusal and "\n" not in refusal)
        assert all(text.encode() and text == normalize(text) for text in units if text)


@few
@given(st.data())
@pytest.mark.parametrize("kind", WHOLE)
def test_any_bytes_are_a_corpus_or_a_users_error(tmp_path, kind, data):
    read(tmp_path, f"a.{kind}", data.draw(spoiled(WHOLE[kind])))


@few
@given(st.data())
@pytest.mark.parametrize("kind", ["txt", "csv", "jsonl"])
def test_any_packed_bytes_are_a_corpus_or_a_users_error(tmp_path, kind, data):
    """Spoiled within the package, or the package itself."""
    inside, outside = packed(data.draw(spoiled(WHOLE[kind]))), data.draw(spoiled(packed(WHOLE[kind])))
    read(tmp_path, f"a.{kind}.gz", data.draw(st.sampled_from([inside, outside])))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def keys(section: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every key, those of sections too."""
    if not isinstance(section, dict):
        return []
    return [found for key, inner in section.items() for found in ((*path, key), *keys(inner, (*path, key)))]


@settings(max_examples=200)
@given(st.sampled_from(keys(SHIPPED)), values, st.booleans())
@example(("run", "models"), [[1]], False)
@example(("models", "gru"), {}, True)
@example(("run",), {"\x85": None}, False)
@example(("batching", "word", "mode"), "\r", False)
def test_one_key_changed_is_params_or_a_users_error(path, value, is_renamed):
    """Its value is another, or it goes by another name; the sentence names a key beside it or above it."""
    params = deepcopy(SHIPPED)
    section = params
    for key in path[:-1]:
        section = section[key]
    if is_renamed:
        section["renamed"] = section.pop(path[-1])
    else:
        section[path[-1]] = value
    refusal = refused(lambda: check(Params, params, "params.yaml"))
    assert all(line.startswith("params.yaml: ") for line in refusal.splitlines())
    assert not refusal or path[0] in refusal or "renamed" in refusal


@few
@given(st.sampled_from(keys(SHIPPED)), values)
@example(("run", "models"), [[1], {}, "zzz"])
@example(("models",), {1: {}, "a": {}})
@pytest.mark.slow
def test_one_key_changed_in_the_file_is_params_or_a_users_error(tmp_path, path, value):
    """As the file is read: names under run.models are looked up in values of any shape."""
    params = deepcopy(SHIPPED)
    section = params
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    YAML(typ="safe").dump(params, tmp_path / "params.yaml")
    refusal = refused(lambda: load_params(tmp_path / "params.yaml"))
    assert not refusal or str(tmp_path / "params.yaml") in refusal


YAML_PIECES = [
    *("&a ", "*a", "!!python/object:os.system x", "!!timestamp 2001-99-99", "0o9", "1e999", ".nan", "? [a]\n"),
    *("{[1]: 2}", "!!binary zz", "!!int x", "!!bool x", "!!set {a}", "!!omap [1]", "%YAML 3.0\n---\n", "---\n", "\0"),
    *('"\\ud800"', '"\\U99999999"', "[", "{", "]", "}", ": ", "- ", "\t", "#", "|", "a: 1\na: 2\n", "&x a: &x b"),
    *("\n", " ", "a: ", "run:\n  models: ", "<<: *a", "9" * 5000),
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(YAML_PIECES) | st.text(max_size=3), max_size=5).map("".join).map(str.encode))
@example(b"&x a: &x b")
@example(b"!!bool x")
@example(b"!!timestamp 2001-99-99")
@example(b'"\\U99999999"')
@example(b"[" * 999)
@example(b"\xff")
def test_any_yaml_is_params_or_a_users_error(tmp_path, content):
    """What is so short is never all of the params."""
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(PipelineError):
        load_params(tmp_path / "params.yaml")
