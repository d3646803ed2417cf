"""`@stage` makes a stage of dvc.yaml from one function: command line, checks, record, exit code.

    @stage
    def vocabulary(vocabulary: VocabularyParams, *, level: Level, tokens: Input, out: Output) -> Result:
        ...

    if __name__ == "__main__":
        vocabulary.main()

is run as `python -m stages.vocabulary --level char --tokens PATH --out PATH`. An argument is
- a section of params.yaml, by its name (`model` is the entry of `models` that --model names; a section with
  one entry for each level, or for each task, gives the entry of --level or --task),
- `level`, `task` or `seed`, the item of the matrix,
- an `Input` or the `Output`, a path from dvc.yaml in which {level}, {task}, {model} and {seed} are filled in,
- `live`, which takes rows of the history while the stage runs (MLflow shows them at once),
- `resume`, where the stage goes on when it was killed,
- `later`, which refuses what a later stage of the same level would refuse, and tells nothing.
--model without such an argument is a tag of the record: whose gradients, whose samples.
"""

import argparse
import inspect
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NewType, get_args, overload

from pipeline.base.artifacts import Record, Result, Row, flatten
from pipeline.base.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USER_ERROR,
    ArtifactError,
    BusyError,
    PipelineError,
    machine_error,
)
from pipeline.base.later import Later
from pipeline.base.launch import HelperDoneError, RankFailedError, is_helper, is_launched, launch, say
from pipeline.base.outs import WORK, alone_at, check_out, written_whole
from pipeline.base.params import Level, Params, Section, Task, load_params
from pipeline.base.resume import Resume, resumption

Input = NewType("Input", Path)
"""A file or folder that the stage reads; it must exist."""
Output = NewType("Output", Path)
"""The folder that the stage writes: a temporary one, put in its place when the stage has ended well."""

ITEM = ("level", "task", "model", "seed")
"""Flags that name an item of the matrix."""


@dataclass(frozen=True)
class Stage:
    """A stage function with its command line."""

    function: Callable[..., Result]
    sync: bool
    """MLflow is brought up to date with dvc.lock when the stage has ended well."""

    @property
    def name(self) -> str:
        """The stage's name in dvc.yaml."""
        return self.function.__name__

    @property
    def arguments(self) -> Mapping[str, inspect.Parameter]:
        """The function's arguments."""
        return inspect.signature(self.function).parameters

    @property
    def sections(self) -> list[str]:
        """Names of the arguments that are sections of params.yaml."""
        taken = {"level", "task", "seed", "live", "resume", "later"}
        return [name for name, a in self.arguments.items() if name not in taken and a.annotation not in (Input, Output)]

    def main(self) -> None:
        """Run from the command line and exit: 0, 2 for a user's error, 1 for a bug, 130 for Ctrl-C."""
        sys.exit(self.run(sys.argv[1:]))

    def run(self, argv: Sequence[str]) -> int:
        """Run with these flags; returns the exit code."""
        try:
            options = self._parser().parse_args(argv)
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
            return self._fail(EXIT_USER_ERROR, str(error))
        except KeyboardInterrupt:
            say("interrupted")  # a live run says KILLED by now; a short stage leaves no run
            return EXIT_INTERRUPTED
        except Exception as error:
            known = machine_error(error)
            return self._fail(EXIT_USER_ERROR, str(known)) if known else self._fail(EXIT_BUG, traceback.format_exc())

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(prog=f"python -m stages.{self.name}", description=self.function.__doc__)
        for name, argument in self.arguments.items():
            if argument.annotation in (Input, Output):
                parser.add_argument(f"--{name}", type=Path, required=True)
        for name, kind, choices in (
            ("level", str, get_args(Level)),
            ("task", str, get_args(Task)),
            ("model", str, None),
            ("seed", int, None),
        ):
            parser.add_argument(f"--{name}", type=kind, choices=choices, required=name in self.arguments)
        return parser

    def _run(self, options: argparse.Namespace, argv: Sequence[str]) -> None:
        params = load_params()
        self._check_model(params, options.model)
        self._fill_in(options)
        sections = {name: self._section(params, name, options) for name in self.sections}
        inputs = {name: getattr(options, name) for name, a in self.arguments.items() if a.annotation is Input}
        item = {name: getattr(options, name) for name in ("level", "task", "seed") if name in self.arguments}
        if "later" in self.arguments:
            item["later"] = Later(params.gradients, params.sampling.at(options.level))
        for name, path in inputs.items():
            _check_input(self.name, name, path)
        check_out(options.out)
        processes = max((getattr(section, "processes", 1) for section in sections.values()), default=1)
        if processes > 1 and not is_launched():
            launch(f"stages.{self.name}:{self.name}.run", argv, processes)
            return
        if is_helper():
            self._help({**sections, **inputs, **item})
            return
        tags = self._tags(params, options)
        plain = {name: section.model_dump() for name, section in sections.items()}
        with alone_at(options.out), self._long(params, flatten(plain), tags) as long:
            with written_whole(options.out) as out:
                result = self.function(**sections, **inputs, **item, **long.arguments, out=Output(out))
                record = Record(flatten(plain), tags, result.metrics, result.history, result.artifacts)
                record.save(out)
                long.finish(out)
        sys.stderr.write(_summary(self.name, result))
        if self.sync and "DVC_ROOT" in os.environ:
            from pipeline import tracking

            tracking.sync_from_stage(options.out)

    def _help(self, arguments: Mapping[str, Any]) -> None:
        """Do a helper's part: what it would write goes nowhere."""
        with _temporary() as folder:
            nowhere = {"live": _drop, "resume": Resume(folder / "resume", "", math.inf)}
            wanted = {name: value for name, value in nowhere.items() if name in self.arguments}
            self.function(**arguments, **wanted, out=Output(folder))

    def _check_model(self, params: Params, model: str | None) -> None:
        if model is not None and model not in params.models:
            where, rule = f"stages.{self.name} --model", "an entry of models in params.yaml"
            raise PipelineError(where, rule, model, f"choose of {sorted(params.models)}")

    def _fill_in(self, options: argparse.Namespace) -> None:
        """Put the item into the paths: params.yaml's own words may stand in no command, which is a shell's."""
        for name, argument in self.arguments.items():
            if argument.annotation in (Input, Output):
                setattr(options, name, of_item(getattr(options, name), vars(options)))

    def _section(self, params: Params, name: str, options: argparse.Namespace) -> Section:
        if name == "model":
            return params.models[options.model]
        section = getattr(params, name)
        entries = [key for key in (options.level, options.task) if key in type(section).model_fields]
        return getattr(section, entries[0]) if entries else section

    def _tags(self, params: Params, options: argparse.Namespace) -> dict[str, str]:
        item = {name: getattr(options, name) for name in ITEM}
        cell = params.models[options.model].cell if options.model is not None else None
        given = {"stage": self.name, **item, "cell": cell}
        return {name: str(value) for name, value in given.items() if value is not None}

    def _fail(self, code: int, message: str) -> int:
        say(message)
        if "DVC_ROOT" in os.environ and not is_helper():
            from pipeline import tracking

            tracking.record_failure(self.name, message)
        return code

    @contextmanager
    def _long(self, params: Params, plain: Mapping[str, Any], tags: Mapping[str, str]) -> "Iterator[_Long]":
        """What the stage asked for to be watched, and to go on when it is killed.

        Both need the identity that DVC gives; a stage called without DVC is neither watched nor resumed.
        """
        wanted = {"live", "resume"} & set(self.arguments)
        with ExitStack() as stack:
            long = _Long()
            if wanted and "DVC_ROOT" in os.environ:
                self._identified(long, stack, params.checkpoint_every, plain, tags)
            elif wanted:
                long.arguments |= {"live": _drop, "resume": Resume(stack.enter_context(_temporary()), "", math.inf)}
            long.arguments = {name: long.arguments[name] for name in wanted}
            yield long

    def _identified(
        self, long: "_Long", stack: ExitStack, every_seconds: float, plain: Mapping[str, Any], tags: Mapping[str, str]
    ) -> None:
        from pipeline import tracking

        work = tracking.current_work()
        if "resume" in self.arguments:
            place = resumption(Path(os.environ["DVC_ROOT"]) / WORK, work.key, every_seconds)
            long.arguments["resume"] = stack.enter_context(place)
        if "live" in self.arguments:
            run = stack.enter_context(tracking.live_run(work, plain, tags))
            long.arguments["live"], long.finish = run.log, run.finish


@dataclass
class _Long:
    """What a stage that runs long is given, and how its run in MLflow is completed."""

    arguments: dict[str, Any] = field(default_factory=dict)
    finish: Callable[[Path], None] = lambda out: None


@contextmanager
def _temporary() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def _drop(rows: Sequence[Row]) -> None:
    """Rows of a stage that runs outside DVC are in its record alone."""


@overload
def stage(function: Callable[..., Result]) -> Stage: ...
@overload
def stage(*, sync: bool) -> Callable[[Callable[..., Result]], Stage]: ...
def stage(
    function: Callable[..., Result] | None = None, *, sync: bool = False
) -> Stage | Callable[[Callable[..., Result]], Stage]:
    """Make a stage from a function; see the module's docstring."""
    if function is None:
        return lambda function: Stage(function, sync)
    return Stage(function, sync)


def of_item(path: Path, item: Mapping[str, object]) -> Path:
    """The path with the item's values in the place of their names.

    >>> of_item(Path("out/train/{level}-{model}-{seed}"), {"level": "char", "model": "gru", "seed": 1}).name
    'char-gru-1'
    """
    text = str(path)
    for name in ITEM:
        if item.get(name) is not None:
            text = text.replace(f"{{{name}}}", str(item[name]))
    return Path(text)


def _check_input(stage: str, name: str, path: Path) -> None:
    if not path.exists():
        what_to_do = "make it with `dvc repro`, or fetch it with `dvc pull`"
        raise ArtifactError(f"stages.{stage} --{name}", "the input must exist", f"nothing at {path}", what_to_do)


def _summary(name: str, result: Result) -> str:
    """The stage's metrics on one line each."""
    width = max(map(len, result.metrics), default=0)
    return "".join(f"  {key:<{width}}  {value:.6g}\n" for key, value in sorted(result.metrics.items()))
