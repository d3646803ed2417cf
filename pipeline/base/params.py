"""Sections of params.yaml: what all of them share, and those that name no room.

Types, ranges and units of a section live beside the room that reads it. A section says what a value may be, never
what is done with it: no byte of an out depends on it, so DVC looks at no params.py (.dvcignore).
"""

from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipeline.base.errors import ParamsError

Level = Literal["char", "word", "bpe"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
Count = Annotated[int, Field(ge=1, le=10**12)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Precision = Literal["float32", "bfloat16"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A part of params.yaml: no unknown keys, no conversions, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


S = TypeVar("S", bound=Section)


class PerItem(Section):
    """A section with an entry for each item of an axis of the matrix, so that DVC re-runs the changed item alone."""

    axis: ClassVar[str]


class OfLevels(PerItem):
    """An entry for each level."""

    axis = "level"


class PerLevel(OfLevels, Generic[S]):
    """The same section once for each level."""

    char: S
    word: S
    bpe: S


class RunParams(Section):
    """What to run: every selected model, at every selected level and on every selected task, with every seed."""

    levels: Annotated[list[Level], Field(min_length=1)]
    models: Annotated[list[Name], Field(min_length=1)]
    """Names of entries of `models`."""
    tasks: list[Name]
    """Names of entries of `tasks`; with none, the report is of language models alone."""
    seeds: Annotated[list[Seed], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_repeats(self) -> "RunParams":
        for key in ("levels", "models", "tasks", "seeds"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: each stands once (got {values}); delete the repeated ones")
        return self


class RuntimeParams(Section):
    """The machine. Thread count changes the order of sums, and with it the last bits of every result."""

    threads: Annotated[int, Field(ge=1, le=1024)]
    """CPU threads of torch; more than the processors give the same bytes, later."""
    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Precision
    """Of a training's products; what is trained, and every score, is float32."""


def check(kind: Any, values: object, where: str) -> Any:
    """`values` as `kind` (a section, or a union of some), or a ParamsError that lists all that is wrong with them."""
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise ParamsError([line for detail in error.errors() for line in _sentences(where, detail, values)]) from None


def _key(loc: tuple[int | str, ...], values: Any, is_missing: bool = False) -> str:
    """The key as it stands in the file: pydantic also names the tag of a union, which is no key of the values.

    >>> _key(("models", "gru", "gru", "hidden_size"), {"models": {"gru": {"hidden_size": 0}}})
    'models.gru.hidden_size'
    >>> _key(("models", "gru", "gru", "cell"), {"models": {"gru": {}}}, is_missing=True)
    'models.gru.cell'
    """
    kept = []
    for part in loc:
        entries: Any = dict(enumerate(values)) if isinstance(values, list) else values
        if isinstance(entries, dict) and part in entries:
            kept.append(part)
            values = entries[part]
    return ".".join(map(_shown, [*kept, *loc[-1:]] if is_missing else kept))


def _shown(part: int | str) -> str:
    """A part of a key, or of a sentence, on one line.

    >>> _shown("gru"), _shown(chr(0x85))
    ('gru', '\\\\x85')
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(part))


def _sentences(where: str, detail: ErrorDetails, values: object) -> list[str]:
    """One pydantic error as sentences a user can act on."""
    key = _key(detail["loc"], values, detail["type"] == "missing")
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
