"""Files of clips for tests, written below the folder `clips`."""

from pathlib import Path
from typing import Any

from PIL import Image
from video_params import video_params

from pipeline.tasks.video.params import VideoParams

IMAGE = {"height": 4, "width": 5, "features": None}
COLUMNS = {"label": "phase", "clip": None, "person": None, "leave_out": ["time"]}
TS = "# for people\n@problemName x\n\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n\n1.5,2,3:4,5,-6e-1:b\n"
CSV = "x,y,time,phase\n1,2,9,rest\n3,4,9,rest\n5,6.5,9,stroke\n"
SPLITS = ("train", "validation", "test")


def of_images(**changes: Any) -> VideoParams:
    return video_params(**{"path": "clips", "image": IMAGE} | changes)


def of_series(**changes: Any) -> VideoParams:
    return video_params(**{"path": "clips", "image": None} | changes)


def of_tables(**changes: Any) -> VideoParams:
    return of_series(**{"labels": "frames", "columns": COLUMNS} | changes)


GIVEN = {"method": "given", "validation": 0.5, "seed": 1}


def write(name: str, content: str | bytes) -> Path:
    path = Path("clips", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_image(name: str, shade: int, size: tuple[int, int] = (5, 4)) -> None:
    path = Path("clips", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, shade, shade)).save(path)


def series(*values: float, label: str = "a") -> str:
    return ",".join(map(str, values)) + f":{label}\n"


HEAD = "@classLabel true a b\n@data\n"
