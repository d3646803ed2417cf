"""A damaged bundle, or one whose files do not fit each other, is one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bad_input import check_failed

from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import save_weights


def test_weights_of_the_same_shapes_are_told_apart(unroll, bundle, model):
    save_weights(build_language_model(model("gru"), 10, seed=2), bundle / "weights.safetensors")
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    sentence = "bundle/weights.safetensors: the file that model.json was written for .got SHA-256 "
    check_failed(code, err, sentence, Path("out"))


SPOILED: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "another format": lambda path: path.write_text("[]"),
    "no text": lambda path: path.write_bytes(b"\xff" * 99),
    "too deep": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "tokenizer.json"])
def test_a_bundle_with_a_spoiled_file_names_it(unroll, bundle, name, how):
    SPOILED[how](bundle / name)
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, f"bundle/{name}: the file is needed, whole, as its stage wrote it", Path("out"))


FOREIGN: dict[str, tuple[str, Callable[[dict], object], str]] = {
    "level": (
        "model.json",
        lambda about: about["owner"].update(level="letter"),
        "bundle/model.json: .*level: .*'letter'",
    ),
    "seed": ("model.json", lambda about: about.update(seed="one"), "bundle/model.json: .*seed: .*'one'"),
    "keys": ("model.json", lambda about: about.update(model={"cell": "gru"}), "bundle/model.json: .*hidden_size: the"),
    "sizes": (
        "model.json",
        lambda about: about.update(sizes={}),
        "bundle/model.json: .*sizes: those of a language_model, .*num_conditions, vocabulary_size .got none",
    ),
    "kind": (
        "model.json",
        lambda about: about.update(kind="regressor", sizes={"num_inputs": 5}),
        "bundle/weights.safetensors: fits model.json beside it",
    ),
    "names of files": (
        "model.json",
        lambda about: about["sha256"].update({"../secret": ""}),
        "bundle/model.json: .*sha256.*",
    ),
    "size": (
        "model.json",
        lambda about: about["model"].update(hidden_size=8),
        "bundle/weights.safetensors: fits model.json beside it .got readout.weight of shape .10, 7., needs .10, 8.",
    ),
    "vocabulary": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"new": 10}),
        "bundle/tokenizer.json: the file that model.json was written for .got SHA-256 .*; use the files of one",
    ),
    "vocabulary of the same size": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"!": about["model"]["vocab"].pop("t")}),
        "bundle/tokenizer.json: the file that model.json was written for .got SHA-256 .*; use the files of one",
    ),
    "ids": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"t": 500}),
        "bundle/tokenizer.json: .*ids do not count from 0 to V - 1",
    ),
    "names": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"[PAD]": about["model"]["vocab"].pop("<end of unit>")}),
        "bundle/tokenizer.json: .*ids 0 and 1 are not <end of unit> and <unk>",
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_bundle_with_a_file_of_another_is_one_sentence(unroll, bundle, what):
    name, change, sentence = FOREIGN[what]
    values = json.loads((bundle / name).read_text(encoding="utf-8"))
    change(values)
    (bundle / name).write_text(json.dumps(values), encoding="utf-8")
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, sentence, Path("out"))
