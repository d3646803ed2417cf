"""New sequences from a trained network of a task: what `unroll sample` does with a folder of out/task."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipeline.base.artifacts import read_json
from pipeline.base.errors import ArtifactError, PipelineError

if TYPE_CHECKING:
    from pipeline.sampling.params import SamplingParams

COMMAND = "unroll sample"


def is_of_task(folder: Path) -> bool:
    """Whether the folder has the bundle of a task's network; a damaged one is left to who reads it as another's."""
    try:
        about = read_json(folder / "model.json")
    except ArtifactError:
        return False
    owner = about.get("owner") if isinstance(about, dict) else None
    return isinstance(owner, dict) and "task" in owner


def check_options(is_task: bool, given: dict[str, object]) -> None:
    """See that every option that is given means something to the network.

    Raises:
        PipelineError: of the first one that does not.
    """
    own, other = (("prompt",), "a task") if is_task else (("condition", "primer", "out"), "a language model")
    for name in own:
        if given[name]:
            what_to_do = "give first notes with --primer, or leave it out" if is_task else "leave it out"
            rule = f"an option of {'language models' if is_task else 'tasks that write sequences'}"
            raise PipelineError(f"{COMMAND} --{name}", rule, f"the network of {other}", what_to_do)


def sample_of_task(
    folder: Path, params: "SamplingParams", seed: int, condition: str | None, primer: Path | None, out: Path | None
) -> None:
    """Print what the network writes, or what it wrote into which file.

    Raises:
        PipelineError: where its task writes no sequences, or has no use for an option.
    """
    from pipeline.tasks.bundle import TaskBundle
    from pipeline.tasks.contract import SampleRequest, load

    trained = TaskBundle.load(folder)
    write = load(trained.task, trained.params).sample
    if write is None:
        raise PipelineError(str(folder), "the network of a task that writes sequences", trained.task, "choose another")
    for written in write(trained, SampleRequest(params, seed, condition, primer, out)):
        typer.echo(written.shown)
