"""Wrong files of clips: one sentence, with file and line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from video_files import CSV, GIVEN, HEAD, SPLITS, TS, of_images, of_series, of_tables, series, write

from pipeline.base.errors import CorpusError
from pipeline.tasks.video.data import SOURCE
from pipeline.tasks.video.params import VideoParams


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    return tmp_path / "clips"


def npz(**arrays: Any) -> bytes:
    np.savez("made.npz", **arrays)
    return Path("made.npz").read_bytes()


def picture(size: tuple[int, int] = (5, 4)) -> bytes:
    Image.new("L", size).save("made.png")
    return Path("made.png").read_bytes()


BAD: dict[str, tuple[Callable[[], VideoParams], dict[str, Any], str]] = {
    "a clip of one frame": (of_images, {"a/x/1.png": picture}, r"clips/a/x: 2 frames or more \(got 1\)"),
    "frames of two sizes": (
        of_images,
        {"a/x/1.png": picture, "a/x/2.png": lambda: picture((6, 4))},
        r"clips/a/x/2.png: frames of the size of the clip's first, 5 x 4 \(got 6 x 4\)",
    ),
    "no clips": (of_images, {"readme.md": "x"}, r"clips: clips: folders of images, or files.* \(got none\)"),
    "an unreadable image": (of_images, {"a/x/1.png": b"\x89PNG\r\n"}, r"clips/a/x/1.png: an image that can be read"),
    "a cut image": (
        of_images,
        {"a/x/1.png": lambda: picture()[:45], "a/x/2.png": picture},
        r"clips/a/x/1.png: an image that can be read",
    ),
    "an unreadable video": (of_images, {"a/x.mp4": b"no video"}, r"clips/a/x.mp4: a video that can be read"),
    "images without a size": (of_series, {"a/x/1.png": picture}, r"clips/a/x: images are scaled to one size"),
    "no class": (of_images, {"1.png": picture, "2.png": picture}, r"clips: clips in a folder that is named like"),
    "a wrong labels.csv": (of_images, {"labels.csv": "a,b\n"}, r"clips/labels.csv: line 1: columns clip, label"),
    "a label of no clip": (
        of_images,
        {"labels.csv": "clip,label\nx,walk\n"},
        r"clips/labels.csv: line 2: each clip once, by its path from here \(got x\)",
    ),
    "a pickle": (
        of_series,
        {"a/x.npz": lambda: npz(frames=np.array([{}], dtype=object))},
        r"clips/a/x.npz: a .npz file of arrays of numbers",
    ),
    "arrays of another name": (
        of_series,
        {"a/x.npz": lambda: npz(arr_0=np.zeros((2, 3)))},
        r"clips/a/x.npz: an array `frames` of shape \(T, D\)",
    ),
    "too few labels": (
        of_series,
        {"a/x.npz": lambda: npz(frames=np.zeros((2, 3)), labels=np.array(["x"]))},
        r"clips/a/x.npz: an array `labels` of shape \(2,\)",
    ),
    "no labels of frames": (
        lambda: of_series(labels="frames"),
        {"x.ts": TS},
        r"clips/x.ts: line 6: a label a frame, .* \(got 1 for 3 frames\); add them, or set labels: clip",
    ),
    "not a number in a series": (of_series, {"x.ts": TS.replace("1.5", "?")}, r"clips/x.ts: line 8: finite numbers"),
    "channels of two lengths": (
        of_series,
        {"x.ts": TS.replace("4,5,6", "4,5")},
        r"clips/x.ts: line 6: channels of one",
    ),
    "no series": (of_series, {"x.ts": HEAD}, r"clips/x.ts: a series a line after @data"),
    "no @data": (of_series, {"x.ts": "1,2:a\n"}, r"clips/x.ts: line 1: @data before the first series"),
    "times": (of_series, {"x.ts": "@timeStamps true\n"}, r"clips/x.ts: line 1: values without their times"),
    "other channels": (
        of_series,
        {"x.ts": HEAD + "1,2:a\n", "y.ts": HEAD + "1,2:3,4:a\n"},
        r"clips/y.ts: line 3: frames of 1 numbers, as in x.ts: line 3 \(got 2\)",
    ),
    "series as images": (of_images, {"x.ts": TS}, r"clips/x.ts: rows of numbers are no images"),
    "a table without columns": (
        lambda: of_tables(columns=None),
        {"x.csv": CSV},
        r"clips/x.csv: tasks.video.columns says which column is the label",
    ),
    "not a number in a cell": (
        of_tables,
        {"x.csv": CSV.replace("6.5", "high")},
        r"clips/x.csv: line 4: y holds a finite number \(got 'high'\)",
    ),
    "an empty label": (of_tables, {"x.csv": CSV.replace("stroke", "")}, r"clips/x.csv: line 4: phase holds a class"),
    "a cell too many": (of_tables, {"x.csv": CSV + "1,2,3,r,5\n"}, r"clips/x.csv: line 5: 4 cells, as in the first"),
    "no such column": (
        of_tables,
        {"x.csv": CSV.replace("phase", "stage")},
        r"clips/x.csv: line 1: tasks.video.columns.label is one of",
    ),
    "no rows": (of_tables, {"x.csv": "x,time,phase\n"}, r"clips/x.csv: a row a frame below the header"),
    "not UTF-8": (of_tables, {"x.csv": b"x,phase\n1,caf\xe9\n"}, r"clips/x.csv: byte 13: the text is UTF-8"),
    "two classes in a clip": (
        lambda: of_tables(labels="clip"),
        {"x.csv": CSV},
        r"clips/x.csv: line 4: the class of the clip's first frame, rest \(got stroke\)",
    ),
    "odd channels of points": (
        lambda: of_tables(changes={"frames": 1, "dimensions": 3}),
        {"x.csv": CSV},
        r"clips/x.csv: line 2: channels of points of tasks.video.changes.dimensions, 3 \(got 2\)",
    ),
    "no person": (lambda: of_series(person="user_(.)"), {"x.ts": TS}, r"clips/x.ts: a name that tasks.video.person"),
    "a name of no split": (lambda: of_series(split=GIVEN), {"x.ts": TS}, r"clips/x.ts: line 6: split.method given"),
    "an unknown class": (
        lambda: of_series(split=GIVEN),
        {
            "train.ts": HEAD + series(1, 2) + series(2, 2, label="b"),
            "valid.ts": HEAD + series(3, 2),
            "test.ts": HEAD + series(4, 2) + series(5, 2, label="c"),
        },
        r"clips/test.ts: line 4: a class of the training split, a, b \(got c\)",
    ),
    "one class": (
        lambda: of_series(split=GIVEN),
        {f"{name}.ts": HEAD + series(len(name), 2) for name in SPLITS},
        r"params.yaml: tasks.video.path: two classes or more in the training split",
    ),
    "an empty split": (
        lambda: of_series(split=GIVEN),
        {"train.ts": HEAD + series(1, 2) + series(2, 2, label="b"), "valid.ts": HEAD + series(3, 2)},
        r"params.yaml: tasks.video.path: clips in the test split \(got none\)",
    ),
    "no such path": (lambda: of_series(path="clips/none"), {}, r"params.yaml: tasks.video.path: a file or folder"),
}


def made_now(content: Any) -> Any:
    """The content of a file, or what makes it."""
    return content() if callable(content) else content


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_sentence_with_its_place(name):
    made, files, said = BAD[name]
    for file, content in files.items():
        write(file, made_now(content))
    with pytest.raises(CorpusError, match=f"^{said}") as raised:
        SOURCE.read(made())
    assert "\n" not in str(raised.value)
