"""Stage `examples`: a task's examples in three splits, and what scores on them without a network."""

import sys

from pipeline.base.artifacts import Result, write_json
from pipeline.figures import save_png
from pipeline.stage import Output, stage
from pipeline.tasks.params import TaskParams
from pipeline.tasks.source import load


@stage
def examples(tasks: TaskParams, *, task: str, out: Output) -> Result:
    """Read or make the examples of a task, and score its baselines."""
    source = load(task)
    found = source.read(tasks)
    found.save(out)
    sys.stderr.write("".join(f"  {name}: {len(split):,} examples\n" for name, split in found.splits.items()))
    baselines = source.baselines(tasks, found)
    write_json(out / "baselines.json", [baseline.as_json() for baseline in baselines])
    save_png(source.figure(tasks, found), out / "examples.png", dpi=120)
    metrics = {f"{name}/examples": float(len(split)) for name, split in found.splits.items()}
    metrics |= {f"count/{name}": float(number) for name, number in found.counts.items()}
    metrics |= {
        f"{split}/{baseline.name}/{name}": measure.value
        for baseline in baselines
        for split, of_split in baseline.scores.items()
        for name, measure in of_split.items()
    }
    return Result(metrics, artifacts=["examples.json", "baselines.json", "examples.png"])


if __name__ == "__main__":
    examples.main()
