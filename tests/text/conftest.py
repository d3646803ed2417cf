"""What takes seconds to read, read once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.text.python_docs import python_docs


@pytest.fixture(scope="session")
def paragraphs(made_once: Callable[[str, Callable[[Path], object]], Path]) -> list[str]:
    """The embedded corpus."""

    def fill(folder: Path) -> None:
        (folder / "paragraphs.json").write_text(json.dumps(list(python_docs())))

    return json.loads((made_once("paragraphs", fill) / "paragraphs.json").read_text())
