import pytest

from pipeline.examples.measures import share
from pipeline.tasks.source import Baseline

SCORES = {"test": {"accuracy": share(9, 10)}}


def test_a_baseline_says_what_its_file_holds():
    held = Baseline("majority", SCORES).as_json()
    assert held["name"] == "majority"
    assert held["scores"]["test"]["accuracy"]["value"] == 0.9


@pytest.mark.parametrize("name", ["CRF, ten features", "n-grams (1-2)", ""])
def test_a_name_that_mlflow_refuses_is_a_bug(name):
    with pytest.raises(AssertionError, match="MLflow refuses"):
        Baseline(name, SCORES)
