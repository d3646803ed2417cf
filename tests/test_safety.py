"""Data is never run: malicious files through the loaders that users reach."""

import gzip
import hashlib
import io
import json
import os
import pickle
import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pipeline.base.artifacts import Record, write_json
from pipeline.base.errors import ArtifactError, CorpusError, ParamsError, PipelineError
from pipeline.language.bundle import LanguageBundle
from pipeline.language.pairs import read_pairs
from pipeline.networks.build import build_language_model
from pipeline.params import load_params
from pipeline.stage.resume import ResumePlace
from pipeline.text.sources import file_units
from pipeline.tokens.batches import SCHEMA, read_column
from pipeline.tokens.vocabulary import Vocabulary, learn
from pipeline.tokens.windows import load_ids
from reliability.project import ROOT


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def marker(tmp_path) -> Iterator[Path]:
    """What a malicious file would make if it were run; that it could is tried first."""
    marker = tmp_path / "pwned"
    pickle.loads(pickle.dumps(Bomb(marker)))
    marker.rmdir()
    yield marker
    assert not marker.exists(), "data was run as code"


@pytest.fixture
def bundle(tmp_path, model) -> Path:
    """A good bundle."""
    vocabulary = Vocabulary(learn({"a": 2, "b": 1}, 4, "char"))
    section = model("gru")
    folder = tmp_path / "bundle"
    folder.mkdir()
    LanguageBundle(build_language_model(section, vocabulary.size, 1), vocabulary, section, "char", 1).save(folder)
    LanguageBundle.load(folder)
    return folder


@pytest.mark.parametrize("save", [pickle.dump, torch.save], ids=["pickle", "torch"])
@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "tokenizer.json"])
def test_a_pickle_in_a_bundle_is_a_damaged_file(bundle, marker, save, name):
    with (bundle / name).open("wb") as file:
        save(Bomb(marker), file)
    with pytest.raises(ArtifactError, match=re.escape(name)):
        LanguageBundle.load(bundle)


def test_code_in_model_json_is_a_wrong_value(bundle, marker):
    about = json.loads((bundle / "model.json").read_text())
    about["model"]["hidden_size"] = f"__import__('os').mkdir({str(marker)!r})"
    write_json(bundle / "model.json", about)
    with pytest.raises(ArtifactError, match="hidden_size"):
        LanguageBundle.load(bundle)


def test_ids_that_hold_objects_are_refused(tmp_path, marker):
    np.save(tmp_path / "train.npy", np.array([Bomb(marker)], object), allow_pickle=True)
    with pytest.raises(ArtifactError, match=re.escape("train.npy")):
        load_ids(tmp_path, "train")


def test_a_type_of_its_own_in_a_parquet_is_not_made(tmp_path, marker):
    """Arrow unpickled the type of a column that named itself arrow.py_extension_type (CVE-2023-47248)."""
    hostile = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Bomb(marker)),
    }
    schema = pa.schema([pa.field("text", pa.string(), metadata=hostile)], {"pandas": pickle.dumps(Bomb(marker))})
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["a", "b"])], schema=schema), path)
    assert pa.concat_arrays(read_column(path, SCHEMA)).to_pylist() == ["a", "b"]
    assert list(file_units([path], "text", "line")) == ["a", "b"]


def test_params_that_name_an_object_are_no_yaml(tmp_path, marker):
    for tag in ("apply:os.mkdir", "new:os.mkdir", "object/apply:os.mkdir"):
        (tmp_path / "params.yaml").write_text(f"run: !!python/{tag} ['{marker}']\n")
        with pytest.raises(ParamsError, match=re.escape("params.yaml")):
            load_params(tmp_path / "params.yaml")


def test_a_pickle_in_a_record_is_a_damaged_file(tmp_path, marker):
    for name in ("record.json", "history.jsonl"):
        Record({}, {}, {}).save(tmp_path)
        (tmp_path / "record" / name).write_bytes(pickle.dumps(Bomb(marker), protocol=0))
        with pytest.raises(ArtifactError, match=name):
            Record.load(tmp_path)


def test_a_forged_state_of_a_killed_training_is_not_used(tmp_path, marker, capsys):
    """Its first line is right, checksum and all."""
    resume = ResumePlace(tmp_path, "key", every_seconds=0.0)
    content = io.BytesIO()
    torch.save({"step": Bomb(marker)}, content)
    head = {"key": "key", "sha256": hashlib.sha256(content.getvalue()).hexdigest(), "files": {}}
    resume.save(1, {"step": 1})
    (tmp_path / "state-00000002.pt").write_bytes(json.dumps(head).encode() + b"\n" + content.getvalue())
    assert resume.load() == {"step": 1}
    assert "state-00000002.pt: not used" in capsys.readouterr().err


HOSTILE = ['=cmd|"/C calc"!A0', "<script>alert(1)</script>", "${jndi:ldap://x}", "{{ 7 * 7 }}", "[red]x[/red]"]


def test_formulas_and_markup_in_a_table_are_text(tmp_path):
    column = "".join('"{}"\n'.format(text.replace('"', '""')) for text in HOSTILE)
    (tmp_path / "a.csv").write_text(f"text\n{column}")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in HOSTILE))
    for name in ("a.csv", "a.jsonl"):
        assert list(file_units([tmp_path / name], "text", "line")) == HOSTILE


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.csv", "a.jsonl", "a.parquet"])
def test_a_pickle_named_as_a_text_is_no_text(tmp_path, marker, name):
    data = pickle.dumps(Bomb(marker), protocol=4)  # begins with a byte that no UTF-8 begins with
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.raises(CorpusError, match=re.escape(name)):
        list(file_units([tmp_path / name], None if ".txt" in name else "text", "line"))


def test_a_pickle_named_as_pairs_is_none(tmp_path, marker):
    for name in ("a.tsv", "a.jsonl"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(marker), protocol=4))
        with pytest.raises(PipelineError, match=name):
            read_pairs(tmp_path / name, None)


def test_a_gzip_bomb_takes_time_and_no_memory(tmp_path):
    """The units come one by one: twice as many lines take no more to read the first of."""
    bomb = tmp_path / "a.txt.gz"
    peaks = []
    for mebibytes in (11, 22):
        bomb.write_bytes(gzip.compress((b"a" * 255 + b"\n") * (mebibytes << 12), compresslevel=1))
        if not peaks:
            first_unit(bomb)  # imports are no matter of the file
        peaks.append(peak_of(lambda: first_unit(bomb)))
    assert peaks[1] < 1.2 * peaks[0]


def first_unit(file: Path) -> str:
    return next(file_units([file], None, "line"))


def peak_of(action: Callable[[], object]) -> int:
    """Bytes that Python held at most."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["<b>", "../etc", "a b", "a;b", "=1+1", "a\nb", "a" * 101])
def test_a_model_name_is_fit_for_paths_commands_and_keys(tmp_path, name):
    import yaml

    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["models"][name] = params["models"]["gru"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ParamsError, match="pattern"):
        load_params(tmp_path / "params.yaml")
