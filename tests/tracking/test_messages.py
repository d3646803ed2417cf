"""What a stage says arrives as it was said, on one line."""

import json

import pytest

from pipeline.base.artifacts import Row
from pipeline.tracking.messages import Begin, End, Finish, Message, Rows, decode, encode
from pipeline.tracking.work import Work

WORK = Work("train@char-gru-1", ["python", "-m"], {"out/corpus": "1.dir"}, {"params.yaml": {"seeds": [1, 2]}})
MESSAGES = {
    "Begin": Begin(WORK, {"lr": 1e-5, "tied": False, "chrono": None}, {"model": "gru"}, "host 1 1"),
    "Rows": Rows([Row(10, {"nats": 0.1 + 0.2, "norm": 1e300}), Row(2**40, {})]),
    "Finish": Finish("out/a \udcff"),
    "End": End("FAILED", "ValueError('two\nlines, \udcff, \u2028')"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_arrives_as_it_was_said_on_one_line_of_ascii(name: str) -> None:
    message: Message = MESSAGES[name]
    line = encode(message)
    assert decode(line) == message
    assert line.isascii()
    assert line.splitlines(keepends=True) == [line]
    assert json.loads(line)["type"] == name


def test_a_value_that_is_no_number_stays_so() -> None:
    """A training that diverges may say so before it ends."""
    rows = decode(encode(Rows([Row(1, {"a": float("inf"), "b": float("nan")})])))
    assert isinstance(rows, Rows)
    assert rows.rows[0].metrics["a"] == float("inf")
    assert rows.rows[0].metrics["b"] != rows.rows[0].metrics["b"]


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no message has the type Pause"):
        decode('{"type": "Pause"}\n')
