"""The folder of a trained network that a command is given."""

from pathlib import Path

from pipeline.base.errors import ArtifactError


def check_bundle(folder: Path, stage: str = "task") -> None:
    """See that there is a folder.

    Args:
        stage: whose out it should be, `train` or `task`.

    Raises:
        ArtifactError: where there is none.
    """
    if not folder.is_dir():
        there = sorted(str(path.parent) for path in Path("out", stage).glob("*/model.json"))
        what_to_do = f"choose of {', '.join(there)}" if there else f"train one with `unroll repro {stage}`"
        raise ArtifactError(str(folder), "the folder of a trained network", "no such folder", what_to_do)
