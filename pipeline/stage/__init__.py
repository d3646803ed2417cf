"""`@stage` makes a stage of dvc.yaml from one function: command line, checks, record, exit code.

    @stage
    def vocabulary(vocabulary: VocabularyParams, *, level: Level, tokens: Input, out: Output) -> Result:
        ...

    if __name__ == "__main__":
        vocabulary.main()

is run as `python -m stages.vocabulary --level char --tokens PATH --out PATH`. An argument is
- before the `*`, a section of params.yaml, by its name (`model` is the entry of `models` that --model names; of a
  section with one entry for each item of an axis, it is the entry of the given item),
- behind it an axis of the matrix: `level`, `task`, `seed`, ...,
- an `Input` or the `Output`, a path from dvc.yaml in which {level}, {task}, {model} and {seed} are filled in,
- `live`, which takes rows of the history while the stage runs (MLflow shows them at once),
- `resume`, where the stage goes on when it was killed,
- `later`, which refuses what a later stage of the same level would refuse, and tells nothing.
--model without such an argument is a tag of the record: whose gradients, whose samples.

    signature   the arguments of a function, and the flags that follow
    run         the order of a stage, and its exit code
    output      one writer an out, whole or not there
    watched     live rows and resume, under the identity that DVC gives
    resume      where killed work goes on
    locks       one process at a time
    processes   a stage that several processes share
    later       what a later stage would refuse
    environment the versions of Python and torch that decide bytes

Nothing here decides a byte of an out, so no stage depends on it in dvc.yaml: a change re-runs nothing.
"""

from pipeline.stage.later import Later
from pipeline.stage.output import WORK
from pipeline.stage.run import Stage, stage
from pipeline.stage.signature import Input, Output

__all__ = ["WORK", "Input", "Later", "Output", "Stage", "stage"]
