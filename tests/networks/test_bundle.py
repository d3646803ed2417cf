"""A bundle knows its network and its owner's files by their bytes, and nothing of what they are for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sizes import B, E, T, V
from torch import Tensor

from pipeline.base.errors import ArtifactError
from pipeline.language.bundle import TOKENIZER, LanguageBundle
from pipeline.networks.build import build_crf_tagger, build_language_model, build_regressor
from pipeline.networks.bundle import Bundle, checkpoint_name, checkpoints, save_weights
from pipeline.networks.params import Model
from pipeline.tokens.vocabulary import Vocabulary, learn


@pytest.fixture
def section(model: Callable[..., Model]) -> Model:
    return model("lstm", bidirectional=True)


@pytest.fixture
def folder(tmp_path: Path, section: Model) -> Path:
    """A saved regressor whose weights are not the initial ones, with a file of its owner."""
    network = build_regressor(section, E, seed=1)
    network.load_state_dict(build_regressor(section, E, seed=2).state_dict())
    (tmp_path / "scale.txt").write_text("2.5")
    Bundle(network, "regressor", {"num_inputs": E}, section, 1, {"unit": "cm"}).save(tmp_path, ["scale.txt"])
    return tmp_path


@pytest.fixture
def x(generator: torch.Generator) -> Tensor:
    return torch.randn(B, T, E, generator=generator)


def test_a_bundle_comes_back_whole(folder, section, x):
    loaded = Bundle.load(folder)
    torch.testing.assert_close(loaded.network(x), build_regressor(section, E, seed=2)(x), rtol=0, atol=0)
    assert not loaded.network.training
    assert (loaded.kind, loaded.sizes, loaded.seed, loaded.model) == ("regressor", {"num_inputs": E}, 1, section)
    assert loaded.owner == {"unit": "cm"}


def test_model_json_names_every_file_and_no_vocabulary(folder):
    about = json.loads((folder / "model.json").read_text())
    assert set(about) == {"format", "kind", "sizes", "seed", "model", "owner", "sha256"}
    assert set(about["sha256"]) == {"weights.safetensors", "scale.txt"}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: file.write_text("2.6"), "scale.txt: the file that model.json was written for .got SHA-256 "),
        (lambda file: file.unlink(), "scale.txt: the file is needed, whole, as its stage wrote it .got no such file"),
    ],
)
def test_a_file_of_the_owner_belongs_to_the_bundle(folder, spoil, sentence):
    spoil(folder / "scale.txt")
    with pytest.raises(ArtifactError, match=sentence):
        Bundle.load(folder)


def test_weights_are_known_by_their_bytes_even_where_no_sum_is_written(folder, section):
    about = json.loads((folder / "model.json").read_text())
    del about["sha256"]["weights.safetensors"]
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(ArtifactError, match=r"weights\.safetensors: the file that model.json was written for"):
        Bundle.load(folder)


def test_a_bundle_of_an_earlier_version_is_refused_with_what_to_do(folder, section):
    """Format 1 had no number, and knew language models alone."""
    sums = {"weights.safetensors": "0" * 64, "tokenizer.json": "0" * 64}
    about = {"level": "char", "seed": 1, "vocabulary_size": V, "sha256": sums, "model": section.model_dump()}
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(ArtifactError) as caught:
        Bundle.load(folder)
    assert str(caught.value) == (
        f"{folder}/model.json: a bundle of format 3 (got format 1, which earlier versions wrote); "
        "train the model again with `dvc repro`"
    )


def test_a_bundle_of_another_kind_is_no_language_model(folder):
    Vocabulary(learn({"a": 1}, V, "char")).save(folder / TOKENIZER)
    with pytest.raises(ArtifactError, match=r"the bundle of a language model [(]got a regressor"):
        LanguageBundle.load(folder)


def test_checkpoints_come_in_the_order_of_their_steps(tmp_path, section):
    for step in (100, 20):
        save_weights(build_language_model(section, V, seed=step), tmp_path / checkpoint_name(step))
    found = dict(checkpoints(tmp_path, lambda: build_language_model(section, V, seed=1)))
    assert list(found) == [20, 100]
    for step, network in found.items():
        expected = build_language_model(section, V, seed=step).state_dict()
        assert all(torch.equal(weight, expected[name]) for name, weight in network.state_dict().items())


def test_a_tagger_may_have_characters_or_not(tmp_path, section):
    sizes = {"vocabulary_size": V, "num_classes": 3}
    for options in ({}, {"num_characters": 6, "character_size": 2}):
        network = build_crf_tagger(section, seed=1, **sizes, **options)
        network.start.data += 1.0
        Bundle(network, "crf_tagger", {**sizes, **options}, section, 1).save(tmp_path)
        loaded = Bundle.load(tmp_path)
        assert loaded.sizes == sizes | options
        assert all(torch.equal(w, network.state_dict()[name]) for name, w in loaded.network.state_dict().items())
    about = json.loads((tmp_path / "model.json").read_text())
    del about["sizes"]["character_size"]
    (tmp_path / "model.json").write_text(json.dumps(about))
    known = "num_classes, vocabulary_size or character_size, num_characters, num_classes, vocabulary_size"
    with pytest.raises(ArtifactError, match=f"sizes: those of a crf_tagger, {known} .got num_characters, num_cl"):
        Bundle.load(tmp_path)
