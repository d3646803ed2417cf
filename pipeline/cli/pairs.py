"""The command on a network that translates: the probability of a given target."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.base.errors import ArtifactError
from pipeline.cli.predict import check_bundle


def score_pair(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A network that translates: a folder of out/task.")],
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="What is read.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="What is written.")],
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Print ln p of each token of a target, given its source, from the first to the end, and their sum."""
    check_bundle(bundle)
    from pipeline.tasks.bundle import TaskBundle
    from pipeline.tasks.contract import load

    trained = TaskBundle.load(bundle)
    score = load(trained.task, trained.params).score_pair
    if score is None:
        what_to_do = "choose a folder of out/task of a task that translates"
        raise ArtifactError(str(bundle), "the bundle of a task that translates", trained.task, what_to_do)
    answer = score(trained, source, target)
    typer.echo(json.dumps(answer.fields, ensure_ascii=False) if as_json else answer.shown)
