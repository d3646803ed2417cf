"""Types, ranges and units of every value in params.yaml.

The file is complete: each key below stands in it. Values live there, never here as defaults. Sections
that depend on the level (`char`, `word`, `bpe`) hold one entry for each, so that DVC re-runs only the
level whose entry changed.
"""

import difflib
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipeline.base.errors import ParamsError

PARAMS_FILE = Path("params.yaml")
DEFAULT_DATA_PATH = "data"
MAX_DEPTH = 100

Level = Literal["char", "word", "bpe"]
Task = Literal["agreement", "copying", "adding", "reber"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
Count = Annotated[int, Field(ge=1, le=10**12)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Probability = Annotated[float, Field(gt=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
ChronoSteps = Annotated[int, Field(ge=3)]


class Section(BaseModel):
    """A part of params.yaml: no unknown keys, no conversions, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


S = TypeVar("S", bound=Section)


class PerLevel(Section, Generic[S]):
    """The same section once for each level."""

    char: S
    word: S
    bpe: S

    def at(self, level: Level) -> S:
        """The entry of one level."""
        return getattr(self, level)


class RunParams(Section):
    """What to run: every selected model, at every selected level, with every seed."""

    levels: Annotated[list[Level], Field(min_length=1)]
    models: Annotated[list[Name], Field(min_length=1)]
    """Names of entries of `models`."""
    seeds: Annotated[list[Seed], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_repeats(self) -> "RunParams":
        for key in ("levels", "models", "seeds"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: each stands once (got {values}); delete the repeated ones")
        return self


class RuntimeParams(Section):
    """The machine. Thread count changes the order of sums, and with it the last bits of every result."""

    threads: Annotated[int, Field(ge=1, le=1024)]
    """CPU threads of torch; more than the processors give the same bytes, later."""
    accelerator: Literal["auto", "cpu", "gpu"]


class HubParams(Section):
    """A text set of the Hugging Face hub."""

    name: str
    config: str | None
    streaming: bool
    max_units: Count | None
    """Rows read from each split; null reads all."""


class HashSplit(Section):
    """Each unit goes where the hash of its own text says: adding text moves no unit."""

    method: Literal["hash"]
    validation: Share
    test: Share
    seed: Seed


class PositionSplit(Section):
    """The last `test` of the text is the test split, the `validation` before it the validation split."""

    method: Literal["position"]
    validation: Share
    test: Share


class GivenSplit(Section):
    """The corpus brings its own train, validation and test splits."""

    method: Literal["given"]


NO_TEXTS = {"out", "reports", ".work", ".venv", ".dvc", ".git"}
"""Folders of the project that hold no texts to learn from: what stages write, and tools' own."""


def path_problem(path: str) -> str | None:
    """What is wrong with a corpus.path, wherever it is read; whether it is there is seen later.

    >>> path_problem("data/my book.txt"), path_problem("/corpora/R&D/")
    (None, None)
    >>> path_problem("~/book.txt")
    "path: `~` is no folder's name here (got '~/book.txt'); write the whole path, from / on"
    """
    parts = Path(path).parts
    if not parts or parts == ("/",) or "\0" in path:
        rule, what_to_do = "a file, or a folder of texts", "name it, for example data/my_book.txt"
    elif "://" in path:
        rule, what_to_do = "a file or folder on this machine", "fetch it, for example with `dvc import-url`"
    elif path.startswith("~"):
        rule, what_to_do = "`~` is no folder's name here", "write the whole path, from / on"
    elif ".." in parts:
        rule, what_to_do = "in the project, or a whole path from / on", "write it so: experiments run in other folders"
    elif parts[0] in NO_TEXTS:
        rule, what_to_do = f"texts that are not below {parts[0]}", "move them, for example to data"
    else:
        return None
    return f"path: {rule} (got {path!r}); {what_to_do}"


class CorpusParams(Section):
    """Where the text comes from and how it is split."""

    source: Literal["python-docs", "files", "hub"]
    path: str
    """For `files`: a file, or a folder of them (train.*, validation.*, test.* are given splits). DVC watches it."""
    hub: HubParams | None
    column: str | None
    """The column that holds the text in csv, jsonl, parquet and hub sets; null for plain text."""
    unit: Literal["line", "paragraph", "document"]
    """What EOS ends."""
    split: Annotated[HashSplit | PositionSplit | GivenSplit, Field(discriminator="method")]

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> "CorpusParams":
        problems = [problem] if (problem := path_problem(self.path)) else []
        if self.source != "files" and self.path != DEFAULT_DATA_PATH:
            what_to_do = f"set it to {DEFAULT_DATA_PATH!r}, or set source: files"
            problems.append(f"path: read by source files alone (got {self.path!r}); {what_to_do}")
        if (self.source == "hub") != (self.hub is not None):
            rule = "hub: needed by source hub, without effect otherwise"
            problems.append(f"{rule} (got {self.hub}); set it with source: hub, else to null")
        if self.source == "hub" and self.column is None:
            problems.append("column: source hub needs the column that holds the text (got None); name it")
        if self.source == "python-docs" and self.column is not None:
            problems.append(f"column: without effect with source python-docs (got {self.column!r}); set it to null")
        if self.source == "python-docs" and self.unit == "document":
            problems.append("unit: python-docs is made of paragraphs (got 'document'); set paragraph or line")
        if self.source == "python-docs" and self.split.method == "given":
            problems.append("split.method: python-docs brings no splits (got 'given'); set hash or position")
        if self.split.method != "given" and self.split.validation + self.split.test >= 1:
            got = self.split.validation + self.split.test
            problems.append(f"split: validation and test leave a share to train (got {got}); make them smaller")
        if problems:
            raise ValueError("\n".join(problems))
        return self


class CharTokenizationParams(Section):
    """Characters are Unicode code points after NFC: nothing to choose."""


class WordTokenizationParams(Section):
    """What a word is."""

    split: Literal["pattern", "spaces"]
    """pattern: a word carries the space before it, nothing is lost; spaces: tokenised already, cut at white space."""


class BpeTokenizationParams(Section):
    """Byte-level BPE never merges across the words of GPT-2's pattern: nothing to choose."""


class TokenizationParams(Section):
    """How text is cut into tokens, level by level."""

    char: CharTokenizationParams
    word: WordTokenizationParams
    bpe: BpeTokenizationParams


class VocabularyParams(Section):
    """Which characters or words have an id, learned from the training split alone; the others are UNK."""

    max_size: Annotated[int, Field(ge=3)]
    """Most frequent tokens kept, EOS and UNK included."""
    min_count: Count
    """Occurrences in the training split that a token needs. 2 makes UNK of what occurs once: a network then learns when
    to expect UNK, and as often as new tokens turn up (Good 1953: their share is about that of tokens seen once)."""


class BpeVocabularyParams(Section):
    """Byte-level BPE, whose tokens are made of bytes: none is unknown, so there is nothing to count."""

    max_size: Annotated[int, Field(ge=258)]
    """The 256 bytes, EOS and UNK, and as many merges as there is room for."""


class VocabulariesParams(Section):
    """The vocabulary of each level."""

    char: VocabularyParams
    word: VocabularyParams
    bpe: BpeVocabularyParams


class BaselineParams(Section):
    """The n-gram floor."""

    max_order: Annotated[int, Field(ge=1, le=12)]
    """Orders 1 to this are scored."""


class AnyModel(Section):
    """What every model has."""

    hidden_size: Count
    num_layers: Count
    bidirectional: bool
    """true: a cloze model, token t from the left state at t-1 and the right state at t+1."""
    embedding_size: Count | None
    """Size of the look-up of the one-hot input; null feeds the one-hot vector itself."""
    tied_embeddings: bool
    """The output weights are the embedding's."""
    dropout: Dropout
    """On the stack's input, output, and between its layers."""
    learning_rate: PositiveFloat
    """The peak of the one-cycle schedule."""
    max_grad_norm: PositiveFloat | None
    """The gradient of the nats per token is scaled down to this norm; null clips nothing."""

    @model_validator(mode="after")
    def _tied_sizes_agree(self) -> "AnyModel":
        if self.tied_embeddings and self.embedding_size != self.output_size:
            rule = f"tied_embeddings: needs embedding_size equal to the network's output size, {self.output_size}"
            raise ValueError(f"{rule} (got {self.embedding_size}); change one of them")
        return self

    @property
    def output_size(self) -> int:
        """Features that reach the softmax: H, or 2 H with both directions."""
        return self.hidden_size * (2 if self.bidirectional else 1)


class RnnModel(AnyModel):
    """The plain (Elman) network."""

    cell: Literal["rnn"]
    nonlinearity: Literal["tanh", "relu"]
    recurrent_gain: PositiveFloat
    """The recurrent weights start as an orthogonal matrix times this: beyond 1, gradients may explode."""


class GruModel(AnyModel):
    """Gated recurrent units."""

    cell: Literal["gru"]
    chrono_steps: ChronoSteps | None
    """T_max, in steps: units start with time constants from 2 to it (Tallec & Ollivier 2018); null: all with 2."""


class LstmModel(AnyModel):
    """Long short-term memory."""

    cell: Literal["lstm"]
    forget_bias: Annotated[float, Field(allow_inf_nan=False)] | None
    """The forget gate's bias at initialisation: 1 opens it (Gers et al. 2000, Jozefowicz et al. 2015)."""
    chrono_steps: ChronoSteps | None
    """T_max, in steps: units start with time constants from 2 to it (Tallec & Ollivier 2018)."""

    @model_validator(mode="after")
    def _one_start_of_the_forget_gate(self) -> "LstmModel":
        if (self.forget_bias is None) == (self.chrono_steps is None):
            rule = "forget_bias: either it or chrono_steps says how the forget gate starts"
            got = f"{self.forget_bias} and {self.chrono_steps}"
            raise ValueError(f"{rule} (got {got}); set one of them, and the other to null")
        return self


Model = RnnModel | GruModel | LstmModel


class StreamBatching(Section):
    """Running text: contiguous lanes, the state carried over windows and unit ends."""

    mode: Literal["stream"]
    segment_tokens: Count
    """A lane's state is set to zero at the first unit end after this many tokens."""


class UnitBatching(Section):
    """Units that stand alone: each from the zero state."""

    mode: Literal["units"]


Batching = StreamBatching | UnitBatching


class BatchingParams(Section):
    """How networks and n-grams read the text, level by level."""

    char: Annotated[Batching, Field(discriminator="mode")]
    word: Annotated[Batching, Field(discriminator="mode")]
    bpe: Annotated[Batching, Field(discriminator="mode")]


class TrainingParams(Section):
    """How a model is trained; the same for every model of a level."""

    processes: Count
    """Processes that share the lanes of each window (ddp); more than one changes the order of sums."""
    batch_size: Count
    """Lanes of the stream, or units at a time."""
    bptt_steps: Annotated[int, Field(ge=2)]
    """Time steps of one window of the stream; the longest of the units (longer ones are cut in pieces)."""
    budget_tokens: Count
    """Target tokens seen in the whole training."""
    weight_decay: Annotated[float, Field(ge=0)]
    num_validations: Count
    """Evenly spaced; the best weights of them are kept."""
    log_every_steps: Count

    @model_validator(mode="after")
    def _lanes_are_dealt_evenly(self) -> "TrainingParams":
        if self.batch_size % self.processes:
            rule = f"batch_size: a multiple of processes, {self.processes}"
            raise ValueError(f"{rule} (got {self.batch_size}); change one of them")
        return self


class GradientsParams(Section):
    """The gradient of a loss at one step with respect to earlier states."""

    max_lag: Count
    """K: steps back."""
    positions: Count
    """Places in the validation text over which norms are averaged."""


class MemoryTask(Section):
    """What every memory task has; the same for every model."""

    budget_tokens: Count
    """Time steps seen in the training, each in a sequence drawn anew."""
    batch_size: Count
    """Sequences at a time."""
    learning_rate: PositiveFloat
    """The peak of the one-cycle schedule; models' own are for text."""
    weight_decay: Annotated[float, Field(ge=0)]
    log_every_steps: Count
    test_sequences: Count
    """Questions of each length; of reber, whose lengths come as they will, in all."""


class MemoryTaskOfLengths(MemoryTask):
    """A task whose lengths are given."""

    lengths: Annotated[list[int], Field(min_length=1)]
    """Equally frequent in training."""
    unseen_lengths: list[int]
    """Beyond those of the training; in the test alone."""
    _shortest: ClassVar[int] = 0

    @model_validator(mode="after")
    def _rising(self) -> "MemoryTaskOfLengths":
        lengths = [*self.lengths, *self.unseen_lengths]
        if sorted(set(lengths)) != lengths or lengths[0] < self._shortest:
            rule = f"lengths: {self._shortest} or more, and with unseen_lengths behind them ever longer"
            raise ValueError(f"{rule} (got {lengths}); correct them")
        return self


class AgreementTask(MemoryTaskOfLengths):
    """English sentences: was or were, by the number of a subject `lengths` words before."""

    max_attractors: Annotated[int, Field(ge=0)]
    """Nouns between them that have a number."""


class CopyingTask(MemoryTaskOfLengths):
    """Random symbols, `lengths` blanks, and the symbols again."""

    symbols: Count


class AddingTask(MemoryTaskOfLengths):
    """The sum of the two marked values of a sequence of `lengths` steps."""

    _shortest = 3


class ReberTask(MemoryTask):
    """Embedded Reber grammar: the second symbol comes again as the last but one."""


class MemoryParams(Section):
    """Tasks whose floor is known exactly, and how each is learned."""

    tasks: Annotated[list[Task], Field(min_length=1)]
    """Those to run."""
    agreement: AgreementTask
    copying: CopyingTask
    adding: AddingTask
    reber: ReberTask

    @model_validator(mode="after")
    def _no_repeats(self) -> "MemoryParams":
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"tasks: each stands once (got {self.tasks}); delete the repeated ones")
        return self


class SamplingParams(Section):
    """How new sequences are drawn."""

    num_samples: Count
    max_tokens: Count
    temperature: PositiveFloat
    top_k: Count | None
    top_p: Probability | None
    prompt: str
    """Text that each sample starts with; empty for none."""


class Params(Section):
    """All of params.yaml."""

    run: RunParams
    runtime: RuntimeParams
    checkpoint_every: PositiveFloat
    """Seconds between two savings of what a training needs to go on when it is killed. No result depends on it, so
    that it is no param of any stage in dvc.yaml."""
    corpus: CorpusParams
    tokenization: TokenizationParams
    vocabulary: VocabulariesParams
    batching: BatchingParams
    baseline: PerLevel[BaselineParams]
    models: dict[Name, Annotated[Model, Field(discriminator="cell")]]
    training: PerLevel[TrainingParams]
    gradients: GradientsParams
    memory: MemoryParams
    sampling: PerLevel[SamplingParams]


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
    problems = [*_unknown_models(values, str(path)), *_idle_prompts(values, str(path))]
    try:
        params = check(Params, values, str(path))
    except ParamsError as error:
        raise ParamsError([*str(error).splitlines(), *problems]) from None
    if problems:
        raise ParamsError(problems)
    return params


def _unknown_models(values: Any, where: str) -> list[str]:
    """Names under run.models that `models` lacks: looked for in the raw values, so that no other error hides them."""
    match values:
        case {"run": {"models": [*selected]}, "models": {**models}}:
            names = sorted(map(str, models))
        case _:
            return []  # the shapes themselves are wrong, and reported as such
    problems = []
    for name in selected:
        if str(name) not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            what_to_do = f"did you mean {near[0]!r}?" if near else f"add it to models, or choose of {names}"
            problems.append(f"{where}: run.models: each is an entry of models (got {name!r}); {what_to_do}")
    return problems


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


def check(kind: Any, values: object, where: str) -> Any:
    """`values` as `kind` (a section, or a union of some), or a ParamsError that lists all that is wrong with them."""
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise ParamsError([line for detail in error.errors() for line in _sentences(where, detail)]) from None


_UNION_TAGS = {"rnn", "gru", "lstm", "hash", "position", "given", "stream", "units"}


def _key(loc: tuple[int | str, ...]) -> str:
    """The key as it stands in the file: pydantic puts a union's tag third (models.gru, corpus.split).

    >>> _key(("models", "gru", "gru", "hidden_size"))
    'models.gru.hidden_size'
    """
    return ".".join(_shown(part) for i, part in enumerate(loc) if not (i == 2 and part in _UNION_TAGS))


def _shown(part: int | str) -> str:
    """A part of a key, or of a sentence, on one line.

    >>> _shown("gru"), _shown(chr(0x85))
    ('gru', '\\\\x85')
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(part))


def _sentences(where: str, detail: ErrorDetails) -> list[str]:
    """One pydantic error as sentences a user can act on."""
    key = _key(detail["loc"])
    prefix = f"{where}: {key}" if key else where
    match detail["type"]:
        case "value_error":  # our own validators, which name key, rule, value and remedy, one a line
            lines = detail["msg"].removeprefix("Value error, ").splitlines()
            return [f"{prefix}.{line}" if key else f"{prefix}: {line}" for line in lines]
        case "extra_forbidden":
            return [f"{prefix}: no such key (got {detail['input']!r}); delete it or correct its name"]
        case "missing":
            return [f"{prefix}: the key is needed (got none); add it"]
        case _:
            rule = _shown(detail["msg"][0].lower() + detail["msg"][1:])  # some quote what the user wrote
            return [f"{prefix}: {rule} (got {detail['input']!r}); correct it"]
