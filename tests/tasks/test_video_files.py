"""Clips from files: folders of images, videos, arrays, series and tables."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from video_files import (
    COLUMNS,
    CSV,
    GIVEN,
    HEAD,
    SPLITS,
    TS,
    of_images,
    of_series,
    of_tables,
    series,
    write,
    write_image,
)

from pipeline.base.errors import CorpusError
from pipeline.examples.sets import Examples
from pipeline.tasks.video.data import SOURCE
from pipeline.tasks.video.data.files import clips_in, read_clips, sources
from pipeline.tasks.video.data.splits import examples_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    return tmp_path / "clips"


def test_a_folder_of_images_is_a_clip_in_the_order_of_their_numbers():
    for number, shade in ((9, 0), (10, 51), (11, 255)):
        write_image(f"walk/one/frame{number}.png", shade)
    write_image("run/two/1.jpg", 255)
    write_image("run/two/2.jpg", 0)
    run, walk = read_clips(of_images())
    assert (walk.name, walk.labels, run.labels) == ("walk/one", ["walk"], ["run"])
    assert walk.frames.dtype == np.float32
    np.testing.assert_allclose(walk.frames, np.repeat([[0.0], [0.2], [1.0]], 20, axis=1))


def test_images_are_grey_and_scaled_row_by_row():
    pixels = np.zeros((8, 10, 3), np.uint8)
    pixels[:2, :2] = 255  # the pixel at the top left, once scaled
    pixels[6:, 8:] = (255, 0, 0)
    for number in (1, 2):
        Path("clips/a/x").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(f"clips/a/x/{number}.png")
    (clip,) = read_clips(of_images())
    frame = clip.frames[0].reshape(4, 5)
    assert frame[0, 0] == 1
    assert frame[3, 4] == pytest.approx(0.299, abs=0.003)  # red, as ITU-R 601 weighs it
    assert frame.sum() == pytest.approx(frame[0, 0] + frame[3, 4])


def test_labels_and_persons_may_stand_in_a_table():
    for name in ("one", "two"):
        write_image(f"{name}/1.png", 0)
        write_image(f"{name}/2.png", 0)
    write("labels.csv", "clip,label,person\none,walk,ann\ntwo,run,bob\n")
    found = {clip.name: (clip.labels, clip.person) for clip in read_clips(of_images())}
    assert found == {"one": (["walk"], "ann"), "two": (["run"], "bob")}


def test_a_video_is_its_frames():
    av = pytest.importorskip("av", reason="the package av is not installed: no video is read")
    path = Path("clips/walk/one.avi")
    path.parent.mkdir()
    shades = (0, 120, 250)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=10)
        stream.width, stream.height, stream.pix_fmt = 10, 8, "rgb24"
        for shade in shades:
            frame = av.VideoFrame.from_ndarray(np.full((8, 10, 3), shade, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (clip,) = read_clips(of_images())
    assert clip.labels == ["walk"]
    np.testing.assert_allclose(clip.frames[:, 7] * 255, shades, atol=2)


def test_without_av_a_sentence_says_what_to_install(monkeypatch):
    found = builtins.__import__

    def without_av(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "av":
            raise ImportError(name)
        return found(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_av)
    write("walk/one.mp4", b"x")
    with pytest.raises(CorpusError, match=r"^clips/walk/one.mp4: video files need the package av.*pip install"):
        read_clips(of_images())


def test_arrays_are_read_with_their_labels():
    frames = np.arange(12.0).reshape(3, 4)
    np.savez("clips/a.npz", frames=frames, labels=np.array(["x", "x", "y"]))
    (clip,) = read_clips(of_series(labels="frames"))
    assert (clip.labels, clip.name) == (["x", "x", "y"], "a.npz")
    np.testing.assert_array_equal(clip.frames, frames)
    images = np.zeros((2, 4, 5))
    images[1, 0, 1] = 1
    Path("clips/a.npz").unlink()
    Path("clips/walk").mkdir()
    np.savez("clips/walk/b.npz", frames=images)
    (clip,) = read_clips(of_images())
    assert (clip.labels, clip.frames[1].tolist()) == (["walk"], [0, 1, *[0] * 18])


def test_series_of_the_archives_are_clips_line_by_line():
    write("x.ts", "\ufeff" + TS)
    one, two = read_clips(of_series())
    assert (one.labels, two.labels, two.places) == (["a"], ["b"], ["clips/x.ts: line 8"])
    np.testing.assert_allclose(two.frames, [[1.5, 4], [2, 5], [3, -0.6]], rtol=1e-6)


def test_rows_of_a_table_are_frames():
    write("x.csv", "\ufeff" + CSV.replace("\n", "\r\n"))
    (clip,) = read_clips(of_tables(rename={"rest": "still"}))
    assert clip.labels == ["still", "still", "stroke"]
    assert clip.places[2] == "clips/x.csv: line 4"
    np.testing.assert_array_equal(clip.frames, [[1, 2], [3, 4], [5, 6.5]])


def test_runs_of_rows_are_clips_where_a_column_says_so():
    rows = "x,take,who,phase\n" + "".join(f"{i},{'AB'[i > 2]},{'ann' if i < 3 else 'bob'},r\n" for i in range(5))
    write("x.csv", rows)
    columns = {"label": "phase", "clip": "take", "person": "who", "leave_out": []}
    one, two = read_clips(of_series(columns=columns))
    assert [(clip.name, clip.person, clip.labels, len(clip.frames)) for clip in (one, two)] == [
        ("x.csv: A", "ann", ["r"], 3),
        ("x.csv: B", "bob", ["r"], 2),
    ]


def test_changes_are_those_of_points_and_every_channel_is_normalised():
    write("x.csv", "x,y,phase\n" + "".join(f"{3 * i},{4 * i},r\n" for i in range(6)))
    columns = {**COLUMNS, "leave_out": []}
    changes = {"frames": 1, "dimensions": 2}
    (clip,) = read_clips(of_tables(columns=columns, changes=changes))
    assert clip.frames[2].tolist() == [6, 8, 6, 8, 10]
    assert clip.frames[0].tolist() == [0, 0, 3, 4, 5]
    (normal,) = read_clips(of_tables(columns=columns, changes=changes, normalise=True))
    np.testing.assert_allclose(normal.frames.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(normal.frames.std(0), 1, atol=1e-6)
    (still,) = read_clips(of_tables(columns={**COLUMNS, "leave_out": ["y"]}, normalise=True))
    assert np.isfinite(still.frames).all()


def test_given_splits_stay_and_training_loses_what_they_hold():
    write("x_TRAIN.ts", HEAD + series(1, 2) + series(3, 4, label="b") + series(5, 6) + series(9, 9))
    write("x_VALID.ts", HEAD + series(7, 8, label="b"))
    write("x_TEST.ts", HEAD + series(5, 6) + series(0, 1))
    examples = SOURCE.read(of_series(split=GIVEN))
    found = {name: [frames[0, 0] for frames in split.inputs] for name, split in examples.splits.items()}
    assert found == {"train": [1, 3, 9], "validation": [7], "test": [5, 0]}
    assert examples.counts == {"clips": 7, "repeats": 1}


def test_where_no_file_is_of_validation_a_share_of_training_is():
    write("x_TRAIN.ts", HEAD + "".join(series(i, 0, label="ab"[i % 2]) for i in range(40)))
    write("x_TEST.ts", HEAD + series(-1, 0))
    examples = SOURCE.read(of_series(split=GIVEN))
    sizes = {name: len(split) for name, split in examples.splits.items()}
    assert sizes["train"] + sizes["validation"] == 40
    assert 10 < sizes["validation"] < 30
    assert sizes["test"] == 1


def test_all_clips_of_a_person_are_in_one_split():
    for person in "abcdefghijkl":
        lines = "".join(series(ord(person), i, label="ab"[i % 2]) for i in range(4))
        write(f"user_{person}_x.ts", HEAD + lines)
    split = {"method": "hash", "validation": 0.3, "test": 0.3, "seed": 1}
    examples = SOURCE.read(of_series(person="user_([a-z])", split=split))
    persons = [{name.split("_")[1] for name in of.notes["clip"]} for of in examples.splits.values()]
    assert sum(map(len, persons)) == len(set.union(*persons)) == 12
    assert all(persons)


def test_only_training_clips_are_cut_into_windows():
    rows = "x,time,phase\n" + "".join(f"{i},0,{'rs'[i % 2]}\n" for i in range(7))
    for name in SPLITS:
        write(f"{name}.csv", rows.replace("0,0", f"{len(name)},0"))
    examples = SOURCE.read(of_tables(split=GIVEN, window=4))
    assert {name: of.lengths for name, of in examples.splits.items()} == {
        "train": [4, 4, 4],
        "validation": [7],
        "test": [7],
    }
    for frames, targets in zip(examples.splits["train"].inputs[1:], examples.splits["train"].targets[1:], strict=True):
        assert targets.tolist() == [int(x) % 2 for x in frames[:, 0]]
    examples.save(Path())
    again = Examples.load(Path()).splits["train"]
    assert [of.tolist() for of in again.targets] == [of.tolist() for of in examples.splits["train"].targets]


def test_what_is_to_be_answered_needs_no_label():
    write("x.csv", "x,y\n1,2\n3,4\n")
    (clip,) = clips_in(Path("clips/x.csv"), of_tables())
    assert (clip.labels, clip.frames.shape) == ([], (2, 2))
    write_image("new/1.png", 3)
    write_image("new/2.png", 3)
    assert sources(Path("clips/new")) == [Path("clips/new")]


def test_equal_clips_go_to_one_split():
    write("x.ts", HEAD + "".join(series(i % 20, 1, label="ab"[i % 2]) for i in range(60)))
    split = {"method": "hash", "validation": 0.3, "test": 0.3, "seed": 1}
    params = of_series(split=split)
    examples = examples_of(read_clips(params), params)
    firsts = [{frames[0, 0] for frames in of.inputs} for of in examples.splits.values()]
    assert sum(map(len, firsts)) == len(set.union(*firsts))
