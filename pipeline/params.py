"""All of params.yaml: its sections, and the rules between them.

The file is complete: each key below stands in it. Values live there, never here as defaults.
"""

import difflib
import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, create_model

from pipeline import tasks
from pipeline.analysis.params import GradientsParams
from pipeline.base.errors import ParamsError, PipelineError
from pipeline.base.params import Name, PerItem, PerLevel, PositiveFloat, RunParams, RuntimeParams, Section, check
from pipeline.networks.params import Model
from pipeline.sampling.params import SamplingParams
from pipeline.tasks.params import TasksParams
from pipeline.text.params import BaselineParams, CorpusParams
from pipeline.tokens.params import BatchingParams, TokenizationParams, VocabulariesParams
from pipeline.training.params import TrainingParams

PARAMS_FILE = Path("params.yaml")
MAX_DEPTH = 100


def _tasks_params() -> type[TasksParams]:
    """The tasks' section with the entry of each, which its folder exports as `PARAMS`."""
    entries = {name: import_module(f"{tasks.__name__}.{name}.params").PARAMS for name in tasks.names()}
    fields: dict[str, Any] = {name: (entry, ...) for name, entry in entries.items()}
    return create_model("AllTasksParams", __base__=TasksParams, **fields)


AllTasksParams = _tasks_params()


class Params(Section):
    """All of params.yaml."""

    run: RunParams
    runtime: RuntimeParams
    checkpoint_every: PositiveFloat
    """Seconds between two savings of what a training needs to go on when it is killed, and until its curve is first
    in MLflow. No result depends on it, so that it is no param of any stage in dvc.yaml."""
    corpus: CorpusParams
    tokenization: TokenizationParams
    vocabulary: VocabulariesParams
    batching: BatchingParams
    baseline: PerLevel[BaselineParams]
    models: dict[Name, Annotated[Model, Field(discriminator="cell")]]
    training: PerLevel[TrainingParams]
    gradients: GradientsParams
    tasks: AllTasksParams  # pyright: ignore[reportInvalidTypeForm]  # pydantic makes the class
    sampling: PerLevel[SamplingParams]

    def section(self, name: str, item: Mapping[str, Any]) -> Any:
        """The section of this name, or its entry for the item where it has one for each: what a stage reads.

        Raises:
            PipelineError: where there is no entry for the item.
        """
        if name == "model":
            return self.models[item["model"]]
        section = getattr(self, name)
        entry = item.get(section.axis) if isinstance(section, PerItem) else None
        if entry is None:
            return section
        entries = {key: value for key, value in section if isinstance(value, Section)}
        if entry not in entries:
            where, what_to_do = f"params.yaml: {name}", f"choose of {sorted(entries)}"
            raise PipelineError(where, f"has an entry for the {section.axis}", entry, what_to_do)
        return entries[entry]


def read_yaml(path: Path) -> Any:
    """The file's content, read as DVC reads it (libyaml, words of YAML 1.2): 1e-3 is a number and `off` a word."""
    from ruamel.yaml import YAML

    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings(action="error"):
            _check_depth(YAML(typ="safe").parse(text))
            return YAML(typ="safe").load(text)
    except FileNotFoundError:
        raise ParamsError([f"{path}: the file is needed (got none); run from the project's root"]) from None
    except Exception as error:  # ruamel has classes of its own for some of what it cannot read, and warns of the rest
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise ParamsError([f"{path}: valid YAML in UTF-8 (got {what}); mend it there"]) from None


def _check_depth(events: Iterable[object]) -> None:
    """libyaml calls itself for each level of nesting: at some 50,000 the process would end by a signal."""
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"values nested more than {MAX_DEPTH} deep")


def load_params(path: Path = PARAMS_FILE) -> Params:
    """params.yaml, checked as a whole.

    Raises:
        ParamsError: with every wrong key and value, one a line.
    """
    values = read_yaml(path)
    where = str(path)
    problems = [
        *_unknown_names(values, where, "models", "add it to models"),
        *_unknown_names(values, where, "tasks", "add its folder to pipeline/tasks"),
        *_idle_prompts(values, where),
        *_files_elsewhere(values, where),
    ]
    try:
        params = check(Params, values, str(path))
    except ParamsError as error:
        raise ParamsError([*error.problems, *problems]) from None
    if problems:
        raise ParamsError(problems)
    return params


def _unknown_names(values: Any, where: str, key: str, add: str) -> list[str]:
    """Names under run.KEY that are not in section KEY. They are looked up in the raw values, so that no other error
    hides them."""
    selected, entries = _at(values, "run", key), _at(values, key)
    if not isinstance(selected, list) or not isinstance(entries, dict):
        return []  # the shapes themselves are wrong, and reported as such
    names = sorted(str(name) for name, entry in entries.items() if isinstance(entry, dict))
    problems = []
    for name in selected:
        if str(name) not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            what_to_do = f"did you mean {near[0]!r}?" if near else f"{add}, or choose of {names}"
            problems.append(f"{where}: run.{key}: each is an entry of {key} (got {name!r}); {what_to_do}")
    return problems


def _files_elsewhere(values: Any, where: str) -> list[str]:
    """Paths of tasks that are not below `tasks.path`, the only folder of theirs that DVC looks at."""
    folder, entries = _at(values, "tasks", "path"), _at(values, "tasks")
    if not isinstance(folder, str) or not isinstance(entries, dict):
        return []
    keys = [(str(name), key) for name in entries for key in ("path", "vectors")]
    paths = {(name, key): path for name, key in keys if isinstance(path := _at(values, "tasks", name, key), str)}
    rule = f"below tasks.path, {folder!r}, where DVC sees it change"
    return [
        f"{where}: tasks.{name}.{key}: {rule} (got {path!r}); move it there, or correct tasks.path"
        for (name, key), path in paths.items()
        if not Path(path).is_relative_to(folder) or ".." in Path(path).relative_to(folder).parts
    ]


def _idle_prompts(values: Any, where: str) -> list[str]:
    """Prompts of selected levels where each selected model is a cloze model, which goes on from none."""
    match values:
        case {"run": {"levels": [*levels], "models": [_, *_] as selected}}:
            if not all(_at(values, "models", str(name), "bidirectional") is True for name in selected):
                return []
        case _:
            return []
    rule = "without effect where every model of run.models is bidirectional"
    return [
        f"{where}: sampling.{level}.prompt: {rule} (got {prompt!r}); set it to '', or select another model"
        for level in levels
        if (prompt := _at(values, "sampling", str(level), "prompt"))
    ]


def _at(values: Any, *keys: str) -> Any:
    """What stands there in raw values, or None.

    >>> _at({"run": {"seeds": [1]}}, "run", "seeds"), _at({"run": 1}, "run", "seeds")
    ([1], None)
    """
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values
