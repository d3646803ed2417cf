"""The text beside a task's network: it comes back as it was, and no other is taken for it."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.base.errors import ArtifactError
from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import Bundle
from pipeline.params import PARAMS_FILE, load_params
from pipeline.tasks.bundle import TEXT, TaskBundle

ROOT = Path(__file__).parents[2]
IDS = np.array([3, 4, 0, 1, 0])


@pytest.fixture
def folder(model, tmp_path) -> Path:
    """Of a bundle with a text."""
    section, params = model("gru"), load_params(ROOT / PARAMS_FILE).tasks.agreement
    owner = TaskBundle.owner("agreement", params, ["a"])
    bundle = Bundle(build_language_model(section, 5, 1), "language_model", {"vocabulary_size": 5}, section, 1, owner)
    TaskBundle(bundle, "agreement", params, ["a"], None, text=IDS).save(tmp_path)
    return tmp_path


def test_the_text_comes_back(folder: Path):
    text = TaskBundle.load(folder).text
    assert text is not None
    assert text.tolist() == IDS.tolist()


def test_another_text_is_refused(folder: Path):
    np.save(folder / TEXT, IDS[::-1].astype(np.int32))
    with pytest.raises(ArtifactError, match=r"text.npy: the file that model.json was written for"):
        TaskBundle.load(folder)


def test_a_missing_text_is_refused(folder: Path):
    (folder / TEXT).unlink()
    with pytest.raises(ArtifactError, match=r"text.npy"):
        TaskBundle.load(folder)
