"""The run of a stage: checks first, then the function, its record, and an exit code."""

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

from pipeline.base.artifacts import Record, Result, flatten
from pipeline.base.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USER_ERROR,
    ArtifactError,
    BusyError,
    HelperDoneError,
    PipelineError,
    machine_error,
)
from pipeline.base.launch import this_launch
from pipeline.base.params import Section
from pipeline.params import Params, load_params
from pipeline.stage.environment import check_environment
from pipeline.stage.later import Later
from pipeline.stage.output import alone_at, check_out, written_whole
from pipeline.stage.processes import RankFailedError, launch, say
from pipeline.stage.signature import LATER, Output, Signature
from pipeline.stage.watched import unwatched, watched


@dataclass(frozen=True)
class Stage:
    """A stage function with its command line."""

    function: Callable[..., Result]
    sync: bool = False
    """MLflow is brought up to date with dvc.lock when the stage has ended well."""
    processes: str | None = None
    """The section whose `processes` says how many processes share the stage."""

    @property
    def name(self) -> str:
        """The stage's name in dvc.yaml."""
        return self.function.__name__

    @cached_property
    def signature(self) -> Signature:
        """What the function asks for."""
        return Signature(self.function)

    def main(self) -> None:
        """Run from the command line and exit: 0, 2 for a user's error, 1 for a bug, 130 for Ctrl-C."""
        sys.exit(self.run(sys.argv[1:]))

    def run(self, argv: Sequence[str]) -> int:
        """Run with these flags; returns the exit code."""
        try:
            options = self.signature.parser(f"python -m stages.{self.name}").parse_args(argv)
            self._run(options, argv)
            return EXIT_OK
        except HelperDoneError:
            return EXIT_OK
        except RankFailedError as error:  # rank 0 has told MLflow
            say(str(error))
            return error.code
        except BusyError as error:
            say(str(error))
            return EXIT_USER_ERROR
        except PipelineError as error:
            return fail(self.name, EXIT_USER_ERROR, str(error))
        except KeyboardInterrupt:
            say("interrupted")  # a live run says KILLED by now; a short stage leaves no run
            return EXIT_INTERRUPTED
        except Exception as error:
            known = machine_error(error)
            code, message = (EXIT_USER_ERROR, str(known)) if known else (EXIT_BUG, traceback.format_exc())
            return fail(self.name, code, message)

    def _run(self, options: Namespace, argv: Sequence[str]) -> None:
        if "DVC_ROOT" in os.environ:
            check_environment()
        params, item = load_params(), self.signature.item(options)
        check_model(params, self.name, item)
        self.signature.fill_in(options, item)
        sections = {name: params.section(name, item) for name in self.signature.sections}
        inputs = {name: getattr(options, name) for name in self.signature.inputs}
        for name, path in inputs.items():
            check_input(self.name, name, path)
        check_out(options.out)
        processes = sections[self.processes].processes if self.processes else 1
        if processes > 1 and not this_launch().is_launched:
            launch(f"stages.{self.name}:{self.name}.run", argv, processes)
            return
        arguments = {**sections, **inputs, **{axis: item[axis] for axis in self.signature.axes}}
        if LATER in self.signature.arguments:
            arguments[LATER] = Later.of(params, item)
        if this_launch().is_helper:
            self._help(arguments)
            return
        result = self._write(options.out, arguments, params, sections, item)
        sys.stderr.write(summary(result))
        if self.sync and "DVC_ROOT" in os.environ:
            from pipeline import tracking

            tracking.sync_from_stage(options.out)

    def _write(
        self,
        out: Path,
        arguments: Mapping[str, Any],
        params: Params,
        sections: Mapping[str, Section],
        item: Mapping[str, Any],
    ) -> Result:
        """Call the function and put its out, with its record, in place."""
        plain = flatten({name: section.model_dump() for name, section in sections.items()})
        tags = tags_of(self.name, params, item)
        long = watched(self.signature.long, params.checkpoint_every, plain, tags)
        with alone_at(out), long as (given, finish), written_whole(out) as folder:
            result = self.function(**arguments, **given, out=Output(folder))
            Record(plain, tags, result.metrics, result.history, result.artifacts).save(folder)
            finish(folder)
        return result

    def _help(self, arguments: Mapping[str, Any]) -> None:
        """Do a helper's part: what it would write goes nowhere."""
        with TemporaryDirectory() as folder, unwatched(self.signature.long) as given:
            self.function(**arguments, **given, out=Output(Path(folder)))


def fail(stage: str, code: int, message: str) -> int:
    """Say what is wrong, to MLflow too; returns the exit code."""
    say(message)
    if "DVC_ROOT" in os.environ and not this_launch().is_helper:
        from pipeline import tracking

        tracking.record_failure(stage, message)
    return code


@overload
def stage(function: Callable[..., Result]) -> Stage: ...
@overload
def stage(*, sync: bool = False, processes: str | None = None) -> Callable[[Callable[..., Result]], Stage]: ...
def stage(
    function: Callable[..., Result] | None = None, *, sync: bool = False, processes: str | None = None
) -> Stage | Callable[[Callable[..., Result]], Stage]:
    """Make a stage from a function; see the package's docstring."""
    if function is None:
        return lambda function: Stage(function, sync, processes)
    return Stage(function)


def check_model(params: Params, stage: str, item: Mapping[str, Any]) -> None:
    """The model that --model names is defined.

    Raises:
        PipelineError: where it is not.
    """
    model = item.get("model")
    if model is not None and model not in params.models:
        where, rule = f"stages.{stage} --model", "an entry of models in params.yaml"
        raise PipelineError(where, rule, model, f"choose of {sorted(params.models)}")


def check_input(stage: str, name: str, path: Path) -> None:
    """What the stage reads is there.

    Raises:
        ArtifactError: where it is not.
    """
    if not path.exists():
        what_to_do = "make it with `dvc repro`, or fetch it with `dvc pull`"
        raise ArtifactError(f"stages.{stage} --{name}", "the input must exist", f"nothing at {path}", what_to_do)


def tags_of(stage: str, params: Params, item: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a record: the stage, its item, and the cell of its model."""
    cell = {"cell": params.models[item["model"]].cell} if "model" in item else {}
    return {name: str(value) for name, value in {"stage": stage, **item, **cell}.items()}


def summary(result: Result) -> str:
    """The metrics, a line each.

    >>> summary(Result({"size": 2.0, "n": 1.0}))
    '  n     1\\n  size  2\\n'
    """
    width = max(map(len, result.metrics), default=0)
    return "".join(f"  {key:<{width}}  {value:.6g}\n" for key, value in sorted(result.metrics.items()))
