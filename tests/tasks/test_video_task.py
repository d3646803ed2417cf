"""Video through its stages, and what its networks answer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_input import check_failed
from PIL import Image
from sklearn.metrics import f1_score
from video_params import video_params

from pipeline.base.errors import EXIT_OK, PipelineError
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import BUILDERS
from pipeline.networks.bundle import Bundle
from pipeline.networks.classifier import Classifier
from pipeline.report.applications import part
from pipeline.report.parts import Picture, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks import classification
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import load
from pipeline.tasks.video.data import SOURCE
from pipeline.tasks.video.data.study import numbers_seen, rows_by_frames, shown_clips
from pipeline.tasks.video.params import VideoParams
from pipeline.tasks.video.report import REPORT
from pipeline.tasks.video.task import answer_frames, sizes
from stages.examples import examples as examples_stage
from stages.task import task as task_stage

CLASSES = ["still", "wave"]
COLUMNS = {"label": "what", "clip": None, "person": None, "leave_out": []}


def of_frames(**changes: Any) -> VideoParams:
    return video_params(**{"path": "x", "labels": "frames", "image": None, "columns": COLUMNS} | changes)


def clips_of(rng: np.random.Generator, number: int, size: int = 3, frames: bool = False) -> Split:
    """Clips of 2 to 9 frames."""
    lengths = [int(rng.integers(2, 10)) for _ in range(number)]
    targets = [rng.integers(2, size=length) if frames else np.array(rng.integers(2)) for length in lengths]
    inputs = [rng.normal(size=(length, size)).astype(np.float32) for length in lengths]
    return Split(inputs, targets, {"clip": [f"clip {i}" for i in range(number)]})


def bundle_of(model: Any, params: VideoParams, channels: int) -> TaskBundle[VideoParams]:
    """The bundle of an untrained network."""
    found = {"num_channels": channels, "num_classes": 2}
    if params.image is not None and params.image.features is not None:
        found |= params.image.model_dump()
    kind = load("video", params).kind
    network = BUILDERS[kind](model, seed=2, **found)
    owner = TaskBundle.owner("video", params, CLASSES)
    return TaskBundle(Bundle(network, kind, found, model, 2, owner), "video", params, CLASSES, None)


def test_the_params_decide_the_network():
    examples = Examples({"train": clips_of(np.random.default_rng(1), 3, size=20)}, CLASSES)
    image = {"height": 4, "width": 5, "features": 2}
    assert sizes(of_frames(), examples) == {"num_channels": 20, "num_classes": 2}
    assert sizes(video_params(path="x", image=image), examples) == {"num_channels": 20, "num_classes": 2, **image}
    assert (load("video", of_frames()).kind, load("video", video_params()).kind) == ("frame_tagger", "frame_classifier")


@pytest.mark.parametrize("bidirectional", [False, True])
def test_answers_to_frames_are_those_of_each_clip_alone(model, bidirectional):
    network = BUILDERS["frame_tagger"](
        model("lstm", bidirectional=bidirectional), seed=1, num_channels=3, num_classes=2
    )
    split = clips_of(np.random.default_rng(5), 9, frames=True)
    together = answer_frames(of_frames(batch_size=4), network, split)
    for i, frames in enumerate(split.inputs):
        (alone,) = answer_frames(of_frames(), network, Split([frames], [split.targets[i]]))
        assert together[i].shape == (len(frames), 2)
        np.testing.assert_allclose(together[i], alone, atol=1e-6)


def test_accuracy_by_frames_seen_is_that_of_beginnings():
    """An answer that is right from the third frame on, whatever the clip."""
    split = clips_of(np.random.default_rng(6), 20)
    inputs = [
        np.full((length, 1), int(target), np.float32)
        for length, target in zip(split.lengths, split.targets, strict=True)
    ]

    def answer(beginnings: Split) -> list[np.ndarray]:
        guesses = [int(of[0, 0]) if len(of) > 2 else 1 - int(of[0, 0]) for of in beginnings.inputs]
        return [np.eye(2)[guess] for guess in guesses]

    rows = rows_by_frames(Split(inputs, split.targets), answer)
    assert [row["frames"] for row in rows] == numbers_seen(max(split.lengths))
    long = np.mean([length > 2 for length in split.lengths])
    assert [row["accuracy"] for row in rows] == [0 if row["frames"] < 3 else pytest.approx(long) for row in rows]


def test_shown_clips_are_right_and_wrong_ones_by_hash(model):
    network = BUILDERS["frame_classifier"](model("gru"), seed=1, num_channels=3, num_classes=2)
    test = clips_of(np.random.default_rng(7), 30)
    assert isinstance(network, Classifier)
    examples = Examples({"test": test}, CLASSES)
    guesses = classification.guesses_of(classification.answer(video_params(), network, test))
    shown = shown_clips(examples, guesses, lambda frames: classification.course(network, frames), is_image=False)
    assert [about["right"] for about in shown] == [True] * 3 + [False] * 3
    for about in shown:
        i = test.notes["clip"].index(about["clip"])
        assert about["target"] == CLASSES[int(test.targets[i])]
        assert CLASSES[int(np.argmax(about["course"][-1]))] == CLASSES[guesses[i]]
        assert len(about["frames"]) == len(about["at"]) == len(test.inputs[i])
    json.dumps(shown)
    turned = Examples(
        {"test": Split(test.inputs[::-1], test.targets[::-1], {"clip": test.notes["clip"][::-1]})}, CLASSES
    )
    again = shown_clips(turned, guesses[::-1], lambda frames: classification.course(network, frames), is_image=False)
    assert [about["clip"] for about in again] == [about["clip"] for about in shown]


def write_images(folder: Path, shades: list[int]) -> None:
    folder.mkdir(parents=True)
    for i, shade in enumerate(shades):
        Image.new("L", (5, 4), shade).save(folder / f"{i}.png")


def test_a_folder_of_images_is_answered_frame_by_frame(model, tmp_path):
    bundle = bundle_of(model("gru"), video_params(path="x", image={"height": 4, "width": 5, "features": 2}), 20)
    write_images(tmp_path / "a" / "one", [0, 255, 9])
    write_images(tmp_path / "a" / "two", [7, 7])
    predict = load("video", bundle.params).predict
    one, two = predict(bundle, [str(tmp_path / "a")], "input")
    assert (one.fields["clip"], two.fields["clip"]) == (str(tmp_path / "a/one"), str(tmp_path / "a/two"))
    frames = np.repeat(np.array([[0], [255], [9]], np.float32) / 255, 20, axis=1)
    (expected,) = classification.answer(bundle.params, bundle.trained.network, Split([frames], [np.array(0)]))
    assert list(one.fields["probabilities"].values()) == pytest.approx(expected.tolist(), abs=1e-5)
    assert one.fields["frames"][-1] == one.fields["probabilities"]
    assert (len(one.fields["frames"]), len(two.fields["frames"])) == (3, 2)
    assert one.shown.startswith(f"{one.fields['class']} 0.")


def test_each_frame_of_a_table_is_answered(model, tmp_path):
    bundle = bundle_of(model("lstm", bidirectional=True), of_frames(), 2)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    (found,) = load("video", bundle.params).predict(bundle, [str(tmp_path / "x.csv")], "input")
    frames = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    (expected,) = answer_frames(bundle.params, bundle.trained.network, Split([frames], [np.zeros(3, int)]))
    assert found.fields["classes"] == [CLASSES[i] for i in expected.argmax(-1)]
    assert [list(row.values()) for row in found.fields["probabilities"]] == [
        pytest.approx(row.tolist(), abs=1e-5) for row in expected
    ]
    assert found.shown.startswith(f"{tmp_path / 'x.csv'}: 1-")


def test_what_cannot_be_answered_is_one_sentence(model, tmp_path):
    bundle = bundle_of(model("gru"), of_frames(), 2)
    (tmp_path / "x.csv").write_text("a\n1\n3\n")
    (tmp_path / "y.csv").write_text("a,b\n1,2\n3,4\n")
    predict = load("video", bundle.params).predict
    with pytest.raises(PipelineError, match=r"^input: line 2: the path of a clip.*\(got 'none'\)"):
        list(predict(bundle, [str(tmp_path / "y.csv"), "none"], "input"))
    with pytest.raises(PipelineError, match=r"x.csv: line 2: frames of 2 numbers, as in the training \(got 1\)"):
        list(predict(bundle, [str(tmp_path / "x.csv")], "input"))


def project_of(labels: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Tables of three splits, in which a class goes on for four frames, and small params."""
    rng = np.random.default_rng(8)
    files = {}
    for name in ("train", "validation", "test"):
        rows = ["x,y,clip,what"]
        for clip in range(12):
            what = CLASSES[clip % 2]
            rows += [f"{x:.3f},{clip % 2 + y:.3f},{clip},{what}" for x, y in rng.normal(size=(6, 2)) * 0.3]
        files[f"{name}.csv"] = "\n".join(rows).encode()
    entry = {
        "path": "texts", "labels": labels, "image": None, "columns": {**COLUMNS, "clip": "clip"}, "epochs": 2,
        "split": {"method": "given", "validation": 0.1, "seed": 1}, "num_validations": 2, "batch_size": 4,
    }  # fmt: skip
    return files, {"tasks.path": "texts", **{f"tasks.video.{key}": value for key, value in entry.items()}}


def results_of(folder: Path, params: Mapping[str, Any]) -> TaskResults:
    about = json.loads((folder / "examples/examples.json").read_text())
    baselines = json.loads((folder / "examples/baselines.json").read_text())
    scores = json.loads((folder / "task/scores.json").read_text())
    return TaskResults("video", about, params, baselines, [TaskModelResults("gru", {1: scores})])


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["clip", "frames"])
def test_tables_go_all_the_way(project, labels):
    """From files to scores, a bundle, answers, and a section of the report."""
    files, params = project_of(labels)
    project(files, **params)
    assert examples_stage.run(["--task", "video", "--out", "out/examples"]) == EXIT_OK
    flags = ["--task", "video", "--model", "gru", "--seed", "1", "--examples", "out/examples", "--out", "out/task"]
    assert task_stage.run(flags) == EXIT_OK
    bundle = TaskBundle.load(Path("out/task"))
    found = list(load("video", bundle.params).predict(bundle, ["texts/test.csv"], "input"))
    assert len(found) == 12
    results = results_of(Path("out"), {})
    section = part(results, REPORT, {})
    pictures = [block for block in section.blocks if isinstance(block, Picture)]
    assert [picture.name for picture in pictures] == ["video_clips" if labels == "clip" else "video_timelines"]
    assert all(picture.draw().axes for picture in pictures)
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert sum(int(cell) for row in tables[-2 if labels == "clip" else -1].rows for cell in row.cells[1:]) == (
        12 if labels == "clip" else 72
    )


@pytest.mark.slow
def test_wrong_clips_end_the_stage_with_exit_code_2(project, capfd):
    files, params = project_of("frames")
    files["test.csv"] += b"\n1,x,12,still"
    project(files, **params)
    code = examples_stage.run(["--task", "video", "--out", "out/examples"])
    check_failed(code, capfd.readouterr().err, "texts/test.csv: line 74: y holds a finite number", Path("out"))


@pytest.mark.slow
def test_moving_digits_are_shown_as_film_strips(model):
    params = video_params(image={"height": 12, "width": 12, "features": 3})
    examples, task = SOURCE.read(params), load("video", params)
    network = BUILDERS[task.kind](model("gru"), seed=1, **task.sizes(params, examples))
    test = examples.splits["test"]
    study = task.study(params, examples, network, task.answer(params, network, test))
    assert {row["frames"] for row in study.tables["frames"]} == {1, 2, 3, 4, 5, 6, 8, 10, 13, 16}
    measures = {"accuracy": {"value": 0.2, "low": 0.1, "high": 0.3}}
    scores = {"validation": measures, "test": measures, "tables": study.tables, "details": study.details}
    splits = {name: {"examples": len(split)} for name, split in examples.splits.items()}
    results = TaskResults(
        "video",
        {"classes": list(examples.classes), "splits": splits},
        {"image.height": 12, "image.width": 12},
        [],
        [TaskModelResults("gru", {1: {**json.loads(json.dumps(scores)), "shape": "many-to-one"}})],
    )
    (picture,) = (block for block in REPORT.blocks(results) if isinstance(block, Picture))
    figure = picture.draw()
    assert len(figure.axes) == sum(len(about["frames"]) for about in study.details["shown"])
    assert "taken for" in picture.alt


def test_the_best_weights_of_frames_are_those_of_the_highest_macro_f1(model):
    params, rng = of_frames(), np.random.default_rng(9)
    splits = {name: clips_of(rng, 6, frames=True) for name in ("train", "validation")}
    network = BUILDERS["frame_tagger"](model("gru"), seed=1, num_channels=3, num_classes=2)
    cost = load("video", params).objective(params, Examples(splits, CLASSES), network, 1).validate(network)
    guesses = np.concatenate([of.argmax(-1) for of in answer_frames(params, network, splits["validation"])])
    expected = f1_score(np.concatenate(list(splits["validation"].targets)), guesses, average="macro")
    assert cost.loss == pytest.approx(1 - expected)
    assert cost.as_metrics("validation").keys() == {"validation/nats_per_target", "validation/macro_f1"}
