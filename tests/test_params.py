"""params.yaml: every wrong key and value in one message, before anything runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.base.errors import ParamsError, PipelineError
from pipeline.base.params import check
from pipeline.params import Params, load_params, read_yaml

SHIPPED = Path(__file__).parents[1] / "params.yaml"


@pytest.fixture
def broken(tmp_path) -> Callable[..., str]:
    """The message about the shipped params with these changes, keys dotted."""

    def message(changes: dict[str, Any]) -> str:
        values = read_yaml(SHIPPED)
        for key, value in changes.items():
            *path, last = key.split(".")
            section = values
            for part in path:
                section = section[part]
            section[last] = value
        path = tmp_path / "params.yaml"
        YAML(typ="safe").dump(values, path)
        with pytest.raises(ParamsError) as error:
            load_params(path)
        return str(error.value).replace(f"{tmp_path}/", "")

    return message


def test_all_that_is_wrong_is_said_at_once(broken):
    message = broken(
        {
            "models.gru.forget_bias": 1.0,
            "models.lstm.hidden_size": 0,
            "training.char.batch_size": "many",
            "corpus.column": "text",
            "run.models": ["gru", "lsmt"],
            "modles": {},
        }
    )
    assert message.splitlines() == [
        "params.yaml: corpus.column: without effect with source python-docs (got 'text'); set it to null",
        "params.yaml: models.gru.forget_bias: no such key (got 1.0); delete it or correct its name",
        "params.yaml: models.lstm.hidden_size: input should be greater than or equal to 1 (got 0); correct it",
        "params.yaml: training.char.batch_size: input should be a valid integer (got 'many'); correct it",
        "params.yaml: modles: no such key (got {}); delete it or correct its name",
        "params.yaml: run.models: each is an entry of models (got 'lsmt'); did you mean 'lstm'?",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"corpus.path": "a.txt"},
            r"corpus\.path: read by source files alone .*set it to 'data', or set source: files",
        ),
        ({"corpus.source": "hub"}, r"corpus\.hub: needed by source hub"),
        ({"corpus.source": "hub"}, r"corpus\.column: source hub needs the column"),
        ({"corpus.unit": "document"}, r"corpus\.unit: python-docs is made of paragraphs"),
        ({"corpus.split": {"method": "given"}}, r"corpus\.split\.method: python-docs brings no splits"),
        ({"corpus.split.test": 0.98}, r"corpus\.split: validation and test leave a share to train"),
        ({"corpus.split": {"method": "position", "validation": 0.1, "test": 0.1, "seed": 1}}, r"split\.seed: no such"),
        ({"batching.char": {"mode": "units", "segment_tokens": 5}}, r"batching\.char\.segment_tokens: no such key"),
        ({"models.gru.tied_embeddings": True}, r"models\.gru\.tied_embeddings: needs embedding_size equal"),
        ({"models.gru.readout_gain": 0.0}, r"models\.gru\.readout_gain: .*greater than 0"),
        (
            {"models.gru.tied_embeddings": True, "models.gru.embedding_size": 192, "models.gru.readout_gain": 5.0},
            r"models\.gru\.readout_gain: 1 with tied_embeddings, .*\(got 5.0\); change one of them",
        ),
        ({"models.gru.chrono_steps": 2}, r"models\.gru\.chrono_steps: .*greater than or equal to 3"),
        (
            {"models.deep_lstm.chrono_steps": 50},
            r"models\.deep_lstm\.forget_bias: either .*\(got 1.0 and 50\); set one of",
        ),
        (
            {"models.deep_lstm.forget_bias": None},
            r"models\.deep_lstm\.forget_bias: either .*\(got None and None\); set one",
        ),
        ({"models.rnn.cell": "elman"}, r"models\.rnn: .*'elman'"),
        ({"run.seeds": [1, 1]}, r"run\.seeds: each stands once"),
        ({"run.levels": []}, r"run\.levels: .*at least 1 item"),
        ({"run.levels": ["chars"]}, r"run\.levels\.0: .*'char', 'word' or 'bpe'"),
        ({"sampling.char.temperature": 0.0}, r"sampling\.char\.temperature: .*greater than 0"),
        ({"sampling.char.top_p": 1.5}, r"sampling\.char\.top_p: .*less than or equal to 1"),
        ({"models.gru.max_grad_norm": float("inf")}, r"max_grad_norm: .*finite"),
        (
            {"run.models": ["bidirectional_lstm"], "sampling.word.prompt": "The"},
            r"sampling\.word\.prompt: without effect .*\(got 'The'\); set it to '', or select another model",
        ),
        ({"runtime.threads": 2.0}, r"runtime\.threads: .*valid integer"),
    ],
)
def test_each_rule_has_its_sentence(broken, changes, sentence):
    import re

    assert re.search("params.yaml: .*" + sentence, broken(changes))


def test_dropout_without_effect_is_no_setting_here(model):
    """Dropout acts on the stack's input and output too, so it has an effect with one layer."""
    assert model("lstm", dropout=0.5).dropout == 0.5


@pytest.mark.parametrize(
    ("models", "level"), [(["bidirectional_lstm", "gru"], "word"), (["bidirectional_lstm"], "bpe")]
)
def test_a_prompt_stands_where_a_model_goes_on_from_it_or_its_level_is_not_run(models, level, tmp_path):
    values = read_yaml(SHIPPED)
    assert "bpe" not in values["run"]["levels"]
    values["run"]["models"] = models
    values["sampling"][level]["prompt"] = "The"
    YAML(typ="safe").dump(values, tmp_path / "params.yaml")
    assert load_params(tmp_path / "params.yaml").section("sampling", {"level": level}).prompt == "The"


def test_numbers_are_read_as_dvc_reads_them(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: 1e-3\nb: off\nc: 010\n")
    assert read_yaml(path) == {"a": 0.001, "b": "off", "c": 10}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: [", "valid YAML"),
        (b"a: " + 100_000 * b"[", r"valid YAML .*values nested more than 100 deep\); mend it there"),
        (b"\xff", "valid YAML in UTF-8"),
        (b"", "params.yaml: input should be a valid dict"),
    ],
)
def test_a_file_that_holds_no_params_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ParamsError, match=sentence):
        load_params(path)


def test_a_missing_file_says_where_to_run(tmp_path):
    with pytest.raises(ParamsError, match=r"the file is needed \(got none\); run from the project's root"):
        load_params(tmp_path / "params.yaml")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(json_values)
def test_any_value_is_params_or_a_users_error(values):
    with pytest.raises(PipelineError):
        check(Params, values, "params.yaml")


@given(st.sampled_from(["run", "corpus", "training", "batching", "sampling"]), json_values)
@pytest.mark.slow
def test_any_section_is_valid_or_a_users_error(section, value):
    values = read_yaml(SHIPPED) | {section: value}
    with pytest.raises(PipelineError):
        check(Params, values, "params.yaml")
