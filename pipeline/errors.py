"""Errors that a user can mend. Anything else that is raised is a bug.

PipelineError            a user can mend it: one sentence, exit code 2
├── ParamsError          params.yaml holds wrong keys or values (all of them at once)
├── CorpusError          the text cannot be read, or is not what params.yaml says it is
├── ArtifactError        an input is missing, damaged, or does not fit its neighbours
└── TrackingError        the MLflow store cannot be used
"""

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class PipelineError(Exception):
    """`<where>: <rule> (got <value>); <what to do>`.

    >>> str(PipelineError("params.yaml: run.seeds", "at least one seed", [], "name one, for example [1]"))
    'params.yaml: run.seeds: at least one seed (got []); name one, for example [1]'
    """

    def __init__(self, where: str, rule: str, got: object, what_to_do: str) -> None:
        super().__init__(f"{where}: {rule} (got {got}); {what_to_do}")


class CorpusError(PipelineError):
    """The text cannot be read, or is not what params.yaml says it is."""


class ArtifactError(PipelineError):
    """An input is missing, damaged, or does not fit its neighbours."""


class TrackingError(PipelineError):
    """The MLflow store cannot be used."""


class ParamsError(PipelineError):
    """Every wrong key and value of params.yaml, one a line."""

    def __init__(self, problems: list[str]) -> None:
        Exception.__init__(self, "\n".join(problems))
