import json

import pytest

from pipeline.base.artifacts import Record, Row, finite, flatten, read_json, write_csv, write_json
from pipeline.base.errors import ArtifactError

RECORD = Record(
    params={"model.cell": "gru", "training.batch_size": 3, "sampling.top_k": None},
    tags={"stage": "train", "level": "char"},
    metrics={"test/perplexity": 4.5},
    history=[Row(1, {"train/nats_per_token": 2.5}), Row(2, {"train/nats_per_token": 1.25})],
    artifacts=["weights.safetensors"],
)


def test_a_record_comes_back_as_it_was(tmp_path):
    RECORD.save(tmp_path)
    assert Record.load(tmp_path) == RECORD


def test_equal_records_have_equal_bytes_whatever_the_order_of_keys(tmp_path):
    other = Record(
        dict(reversed(list(RECORD.params.items()))), RECORD.tags, RECORD.metrics, RECORD.history, RECORD.artifacts
    )
    for name, record in {"one": RECORD, "two": other}.items():
        record.save(tmp_path / name)
    files = [sorted(p for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("one", "two")]
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]
    assert [p.name for p in files[0]] == ["history.jsonl", "record.json"]


@pytest.mark.parametrize("name", ["record.json", "history.jsonl"])
@pytest.mark.parametrize("damage", ["missing", "cut", "of another shape"])
def test_a_damaged_record_is_named_with_its_remedy(tmp_path, name, damage):
    RECORD.save(tmp_path)
    path = tmp_path / "record" / name
    content = path.read_text()
    path.unlink()
    if damage != "missing":
        path.write_text(content[:-3] if damage == "cut" else '{"steps": 3}\n')
    with pytest.raises(ArtifactError, match=rf"{name}.*`dvc repro`"):
        Record.load(tmp_path)


def test_numbers_that_are_none_are_bugs(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})


def test_text_stays_readable(tmp_path):
    write_json(tmp_path / "a.json", {"é": "日本"})
    assert "日本" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"é": "日本"}


def test_csv_is_written_in_the_order_of_its_columns_and_none_is_empty(tmp_path):
    rows = [{"b": 1.5, "a": 'x, "y"'}, {"a": None, "b": 2}, {"b": 3}]
    write_csv(tmp_path / "a.csv", ["a", "b"], rows)
    assert (tmp_path / "a.csv").read_bytes() == b'a,b\n"x, ""y""",1.5\n,2\n,3\n'


def test_a_cell_without_a_column_is_a_bug(tmp_path):
    with pytest.raises(ValueError, match="c"):
        write_csv(tmp_path / "a.csv", ["a"], [{"a": 1, "c": 2}])


def test_metrics_without_a_value_have_no_key():
    assert finite({"a": None, "b": float("inf"), "c": 2}) == {"c": 2.0}


def test_nested_params_get_dotted_keys():
    assert flatten({"corpus": {"split": {"seed": 1}, "hub": None}}) == {"corpus.split.seed": 1, "corpus.hub": None}
    assert json.loads(str(flatten({"levels": ["char"]})["levels"])) == ["char"]
