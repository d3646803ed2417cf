"""Stage `report`: tables, figures, sample texts and words for all selected items."""

import sys

from pipeline.base.artifacts import Result
from pipeline.base.params import RunParams
from pipeline.report import chapters
from pipeline.report.collect import collect
from pipeline.report.curves import write_figures
from pipeline.report.exports import headline, write_exports
from pipeline.report.render import write_report
from pipeline.report.selection import leftovers, remove_cached
from pipeline.stage import Input, Output, stage
from pipeline.tasks.words import all_reports

REMOVED = "  removed {}: params.yaml selects it no longer; DVC's cache keeps it\n"
LEFT = (
    "  left {}: params.yaml does not select it, but DVC's cache does not hold it; "
    "move it elsewhere, or a clone will run stage report again\n"
)


@stage(sync=True)
def report(
    run: RunParams,
    *,
    corpus: Input,
    tokenization: Input,
    vocabulary: Input,
    baseline: Input,
    train: Input,
    gradients: Input,
    examples: Input,
    tasks: Input,
    sampling: Input,
    out: Output,
) -> Result:
    """Tell what all selected models reached: report.html, report.md, metrics.json, CSV files and figures."""
    folders = {
        "corpus": corpus,
        "tokenization": tokenization,
        "vocabulary": vocabulary,
        "baseline": baseline,
        "train": train,
        "gradients": gradients,
        "examples": examples,
        "task": tasks,
        "sampling": sampling,
    }
    left = leftovers(folders, run)
    removed = set(remove_cached(left))
    for path in left:
        sys.stderr.write(REMOVED.format(path) if path in removed else LEFT.format(path))
    results = collect(folders, run)
    page = chapters.report(results, all_reports())
    figures = write_figures(page.pictures, out)
    write_exports(results, out)
    write_report(page, out)
    return Result(headline(results), artifacts=["report.html", "report.md", *figures])


if __name__ == "__main__":
    report.main()
