import csv
import json
import math
from pathlib import Path

import pytest

from pipeline.base.params import RunParams
from pipeline.report.collect import collect
from pipeline.report.exports import headline, write_exports


@pytest.fixture
def exports(folders: dict[str, Path], run: RunParams, tmp_path: Path) -> Path:
    write_exports(collect(folders, run), tmp_path)
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_metrics_are_means_over_seeds(exports: Path):
    metrics = json.loads((exports / "metrics.json").read_text())
    assert list(metrics) == ["char", "tasks", "word"]
    assert metrics["tasks"]["agreement"]["lstm"] == {"accuracy": 0.875, "bits": 0.25}
    assert metrics["tasks"]["agreement"]["bigrams"] == {"accuracy": 0.5, "bits": 1.0}
    assert metrics["char"]["lstm"]["context/effective_context_cut"] == 2
    assert metrics["char"]["lstm"]["gradients/initial/horizon_1pct"] == 7
    assert metrics["char"]["lstm"]["test/bits_per_char"] == pytest.approx(1.5)
    assert metrics["word"]["rnn"]["parameters"] == 1000
    assert metrics["char"]["lstm"]["gradients/trained/half_life"] == 16
    assert "gradients/trained/reached_10pct" not in metrics["char"]["lstm"]  # no table shows it
    assert metrics["char"]["best n-gram"]["test/bits_per_char"] == 1.7
    assert metrics["char"]["lstm"]["mixture/weight"] == pytest.approx(0.5)
    assert metrics["char"]["lstm"]["mixture/test/perplexity"] == pytest.approx(16 / 5)


def test_a_cloze_models_scores_have_keys_of_their_own(exports: Path):
    cloze = json.loads((exports / "metrics.json").read_text())["char"]["bilstm"]
    assert cloze["test/pseudo_bits_per_char"] == pytest.approx(0.9)
    assert cloze["test/pseudo_unknown_share"] == 0.03125
    own = {"test/bits_per_char", "test/perplexity", "test/nats_per_token", "test/unknown_share"}
    assert not own & set(cloze)
    assert not [key for key in cloze if key.startswith(("mixture/", "adaptive/"))]


def test_scores_hold_networks_and_floor(exports: Path):
    found = {(row["level"], row["model"]): row for row in rows(exports / "scores.csv")}
    assert len(found) == 2 * 8
    lstm = found["char", "lstm"]
    assert (lstm["kind"], lstm["seeds"], lstm["parameters"]) == ("network", "2", "4000")
    assert float(lstm["test/bits_per_char +-"]) == pytest.approx(1.2706, abs=1e-4)
    assert found["char", "bz2"]["test/perplexity"] == ""
    assert found["char", "lstm + 2-gram"]["kind"] == "mixture"
    assert float(lstm["adaptive/test/bits_per_char"]) == pytest.approx(1.125)
    assert found["char", "lstm + 2-gram"]["adaptive/test/bits_per_char"] == ""
    assert [row["model"] for row in rows(exports / "cloze_scores.csv")] == ["bilstm", "bilstm"]


def test_learning_curves_are_of_language_models_seed_by_seed(exports: Path):
    found = rows(exports / "learning_curves.csv")
    assert len(found) == 2 * 2 * 2 * 2  # levels, models, seeds, steps
    assert found[1] == {"level": "char", "model": "rnn", "seed": "1", "step": "20", "bits_per_char": "2.4"}
    assert {row["model"] for row in rows(exports / "cloze_curves.csv")} == {"bilstm"}


def test_gradients_are_of_all_models_before_and_after_training(exports: Path):
    found = rows(exports / "gradients.csv")
    assert len(found) == 2 * 3 * 2 * 2 * 31
    trained = [row for row in found if (row["level"], row["model"], row["weights"]) == ("word", "lstm", "trained")]
    assert float(trained[16]["gradient"]) == pytest.approx(0.5)
    assert trained[16]["lag"] == "16"


def test_horizons_are_of_every_seed_before_and_after_training(exports: Path):
    found = rows(exports / "horizons.csv")
    assert len(found) == 2 * 3 * 2 * 2
    before, after = (row for row in found if (row["level"], row["model"], row["seed"]) == ("word", "lstm", "2"))
    assert (before["weights"], before["says"], before["horizon_1pct"]) == ("initial", "vanishes", "7.0")
    assert (after["says"], after["horizon_1pct"], after["half_life"]) == ("holds", "", "16.0")
    assert after["lyapunov_1"] == "-0.0625"


def test_context_is_the_loss_above_the_whole_one(exports: Path):
    found = [row for row in rows(exports / "context.csv") if (row["level"], row["model"]) == ("char", "rnn")]
    assert [(row["seed"], row["context"], row["excess"]) for row in found] == [
        ("1", "1", "0.5"), ("2", "1", "0.5"), ("1", "2", "0.25"), ("2", "2", "0.25"), ("1", "4", "0.0625"),
        ("2", "4", "0.0625"),
    ]  # fmt: skip


def test_right_answers_are_by_distance(exports: Path):
    found = rows(exports / "distances.csv")
    assert len(found) == 3 * 2 * 2
    lstm = {"task": "agreement", "model": "lstm", "seed": "1", "distance": "6", "n": "200", "accuracy": "0.75"}
    assert {**lstm, "accuracy_low": "0.625", "accuracy_high": "0.75"} in found


def test_no_file_is_missing_without_cloze_models(folders: dict[str, Path], tmp_path: Path):
    write_exports(
        collect(folders, RunParams(levels=["char"], models=["rnn"], tasks=["agreement"], seeds=[1])), tmp_path
    )
    assert (tmp_path / "cloze_curves.csv").read_text() == "level,model,seed,step,bits_per_char\n"


def test_headline_names_level_model_and_measure(folders: dict[str, Path], run: RunParams):
    found = headline(collect(folders, run))
    assert found["char/lstm/test/bits_per_char"] == pytest.approx(1.5)
    assert found["word/bilstm/test/pseudo_bits_per_char"] == pytest.approx(1.1)
    assert found["tasks/agreement/rnn/accuracy"] == 0.5
    assert found["char/rnn/mixture/test/bits_per_char"] == pytest.approx(math.log2(16 / 5))
    assert found["char/rnn/adaptive/test/bits_per_char"] == pytest.approx(1.5)
    assert len(found) == 2 * 8 + 6 * 2
