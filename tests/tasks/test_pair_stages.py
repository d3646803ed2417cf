"""A user's pairs through the stages: examples, a network, its answers; and the default dates."""

import json
from pathlib import Path

import pytest
from bad_input import HASH

from pipeline.base.artifacts import read_json
from pipeline.base.errors import EXIT_OK
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import load
from stages.examples import examples
from stages.task import task

WORDS = {"one": "un", "two": "deux", "three": "trois", "four": "quatre", "five": "cinq"}
SOURCES = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS]
FILES = {
    "p.en": "".join(f"{text}\n" for text in SOURCES).encode(),
    "p.fr": "".join(f"{' '.join(WORDS[word] for word in text.split())}\n" for text in SOURCES).encode(),
}
SIDE = {"scheme": "spaces", "lower_case": False, "max_size": 50, "min_count": 1, "max_steps": None}
ENTRY = {
    "path": "texts",
    "columns": {"source": "en", "target": "fr"},
    "split": HASH,
    "source": SIDE,
    "target": SIDE,
    "batch_size": 8,
    "num_validations": 2,
    "beam_size": 2,
    "max_target_steps": 6,
}


def run_both(name: str, cell: str) -> dict:
    """The scores that the stages leave behind."""
    assert examples.run(["--task", name, "--out", "out/examples"]) == EXIT_OK
    flags = ["--task", name, "--model", cell, "--seed", "1", "--examples", "out/examples", "--out", "out/task"]
    assert task.run(flags) == EXIT_OK
    return read_json(Path("out/task/scores.json"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "epochs", "right"), [("translation", 1, 0), ("translation_attention", 20, 0.5)])
def test_aligned_files_go_all_the_way(project, name, epochs, right):
    """With attention a small network learns to translate word by word."""
    changes = {f"tasks.{name}.{key}": value for key, value in (ENTRY | {"epochs": epochs}).items()}
    sizes = {"models.gru.hidden_size": 24, "models.gru.embedding_size": 12}
    project(FILES, **{"tasks.path": "texts"}, **changes, **sizes)
    scores = run_both(name, "gru")
    assert set(scores["test"]) == {"exact", "bleu", "chrf"}
    assert Path("out/task/attention.png").exists() == (name == "translation_attention")
    history = [json.loads(line) for line in Path("out/task/record/history.jsonl").read_text().splitlines()]
    assert {"validation/nats_per_target", "train/nats_per_target"} <= {key for row in history for key in row["metrics"]}
    bundle = TaskBundle.load(Path("out/task"))
    learned = load(name, bundle.params)
    (answer,) = learned.predict(bundle, ["two four one"], "input")
    best, *_ = answer.fields["n_best"]
    assert answer.shown == best["text"]
    assert scores["test"]["exact"]["value"] >= right
    assert learned.score_pair is not None
    scored = learned.score_pair(bundle, "two four one", answer.shown)
    assert not best["ended"] or scored.fields["log_probability"] == pytest.approx(best["log_probability"], abs=1e-4)
