"""The `unroll` command: check params.yaml, sync MLflow, and use a trained model from a shell.

Exit codes: 0; 2 for a user's error, with one sentence; 1 and a traceback for a bug; 130 for Ctrl-C. `unroll status`
ends with 1 where not all agree. Heavy imports stand inside the commands, so that help is instant.
"""

import io
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.base.errors import EXIT_USER_ERROR, ArtifactError, PipelineError, machine_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.base.params import RunParams
    from pipeline.language.bundle import LanguageBundle
    from pipeline.language.pairs import Comparison, Share
    from pipeline.language.scoring import TokenScores
    from pipeline.networks.cloze import ClozeModel
    from pipeline.networks.language_model import LanguageModel
    from pipeline.sampling.params import SamplingParams

app = typer.Typer(
    help="Reproducible experiments on recurrent networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

EXIT_NOT_ALL = 1
"""Of `unroll status`: not all stages agree with their runs."""

BundleFolder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A trained model: a folder of out/train.")]


def main() -> None:
    """The console entry."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding lacks most characters
    try:
        app()
    except PipelineError as error:
        _fail(error)
    except Exception as error:
        if of_machine := machine_error(error):
            sys.stdout = io.StringIO()  # Python would try once more, at its end, to write what was not taken
            _fail(of_machine)
        raise


def _fail(error: PipelineError) -> NoReturn:
    typer.echo(str(error), err=True)
    sys.exit(EXIT_USER_ERROR)


@app.command()
def check() -> None:
    """Say whether params.yaml is valid and the text is there; if not, list every wrong key and value."""
    from pipeline.params import PARAMS_FILE, load_params
    from pipeline.stage.environment import check_environment
    from pipeline.text.location import notes_on

    params = load_params()
    check_environment()
    notes, run = notes_on(params.corpus), params.run
    models = len(run.levels) * len(run.models) * len(run.seeds)
    typer.echo(f"{PARAMS_FILE}: valid; it selects {models} trainings: {_product(run)}")
    for note in notes:
        typer.echo(note, err=True)


@app.command()
def environment() -> None:
    """Write the versions of Python and torch that run here into environment.yaml, where DVC sees an upgrade."""
    from pipeline.stage.environment import ENVIRONMENT_FILE, write_environment

    changes = write_environment()
    typer.echo(f"{ENVIRONMENT_FILE}: {'; '.join(changes) or 'up to date'}")


@app.command()
def sync() -> None:
    """Bring MLflow up to date with dvc.lock and with the experiments."""
    from pipeline import tracking

    typer.echo(str(tracking.sync(Path.cwd())))


@app.command()
def status() -> None:
    """Show each stage's out and MLflow run, and what to do next; changes nothing. Exit code 1 unless all agree."""
    from pipeline import tracking

    stages = tracking.status(Path.cwd())
    table = Table("stage", "out", "MLflow run", "run and record")
    for stage in stages:
        table.add_row(escape(stage.stage), stage.out, stage.run, stage.agreement)
    Console().print(table)
    typer.echo(tracking.what_to_do(stages))
    if any(stage.trouble for stage in stages):
        raise typer.Exit(EXIT_NOT_ALL)


@app.command()
def sample(
    bundle: BundleFolder,
    num_samples: Annotated[int, typer.Option(help="How many.")] = 3,
    max_tokens: Annotated[
        int, typer.Option(help="Draws of one sample at most, EOS counted; a cloze model draws one for each gap.")
    ] = 400,
    temperature: Annotated[float, typer.Option(help="Divides the logits; towards 0 the likeliest is certain.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="Only the k most probable tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Only the most probable tokens that hold this share.")] = None,
    prompt: Annotated[str, typer.Option(help="Text to go on from; cloze models fill each ___ in it.")] = "",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Equal seeds draw equal samples.")] = 1,
) -> None:
    """Draw texts from a model, each with its log-probability; a cloze model fills the gaps of --prompt."""
    from pipeline.base.params import check as checked
    from pipeline.sampling.params import SamplingParams
    from pipeline.tokens.units import without_mark

    options = {"num_samples": num_samples, "max_tokens": max_tokens, "temperature": temperature}
    options |= {"top_k": top_k, "top_p": top_p, "prompt": without_mark(prompt)}
    params = checked(SamplingParams, options, "unroll sample")
    trained = load_bundle(bundle)
    if trained.network.predicts == "next":
        _write(trained.network, trained, params, seed)
    else:
        _fill(trained.network, trained, params, seed)


@app.command()
def score(
    bundle: BundleFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Each is one unit.")] = None,
    file: Annotated[Path | None, typer.Option(help="Or a text file: each of its lines is one unit.")] = None,
) -> None:
    """Print the chain rule of each text: p of every token given those before it, from the first to EOS."""
    from pipeline.language.scoring import score_text

    units = _units(texts or [], file)
    trained = load_bundle(bundle)
    scores = [score_text(trained, text) for text in units]
    for of_text in scores:
        _show(of_text)
    if len(scores) > 1:
        typer.echo("\n".join([f"all {len(scores)} texts:", *totals(scores)]))


@app.command()
def compare_pairs(
    bundle: BundleFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .tsv (good, bad[, group]) or .jsonl, a pair a line.")],
    group: Annotated[str | None, typer.Option(metavar="KEY", help="The .jsonl key that holds the group.")] = None,
) -> None:
    """Say how often a model prefers the good sentence of a minimal pair to the bad one."""
    from pipeline.language.pairs import compare, read_pairs

    pairs = read_pairs(file, group)
    _show_comparison(compare(load_bundle(bundle), pairs))


def load_bundle(folder: Path) -> "LanguageBundle":
    """The trained model in a folder.

    Raises:
        ArtifactError: where there is none, or it is damaged.
    """
    if not folder.is_dir():
        there = sorted(str(path.parent) for path in Path("out/train").glob("*/model.json"))
        what_to_do = f"choose of {', '.join(there)}" if there else "train one with `dvc repro train`"
        raise ArtifactError(str(folder), "the folder of a trained model", "no such folder", what_to_do)
    from pipeline.language.bundle import LanguageBundle

    return LanguageBundle.load(folder)


def _product(run: "RunParams") -> str:
    """How many levels, models and seeds."""
    return " x ".join(f"{len(getattr(run, name))} {name}" for name in ("levels", "models", "seeds"))


def _write(network: "LanguageModel", bundle: "LanguageBundle", params: "SamplingParams", seed: int) -> None:
    """Print samples of a language model."""
    from pipeline.sampling.drawing import Choice
    from pipeline.sampling.drawing import sample as drawn_from
    from pipeline.tokens.vocabulary import known_ids

    choice = Choice(params.temperature, params.top_k, params.top_p)
    prompt = known_ids(params.prompt, bundle.vocabulary)
    sizes = {"num_samples": params.num_samples, "max_tokens": params.max_tokens}
    for number, drawn in enumerate(drawn_from(network, prompt, choice, seed=seed, **sizes), 1):
        how = "ended by EOS" if drawn.ended else "cut at the limit"
        typer.echo(f"--- sample {number}: {len(drawn.ids)} tokens, {how}, ln p = {drawn.log_probability:.3f}")
        typer.echo(bundle.vocabulary.decode(drawn.ids))


def _fill(network: "ClozeModel", bundle: "LanguageBundle", params: "SamplingParams", seed: int) -> None:
    """Print the prompt with its gaps filled by a cloze model."""
    from pipeline.sampling.drawing import Choice
    from pipeline.sampling.gaps import GAP, fill, read_gaps

    text = read_gaps(params.prompt, bundle.vocabulary, bundle.level)
    if not text.gaps:
        rule = f"a cloze model fills gaps: text with {GAP} for each missing token"
        raise PipelineError(
            "unroll sample --prompt", rule, repr(params.prompt), f"write {GAP} where a token is missing"
        )
    choice = Choice(params.temperature, params.top_k, params.top_p)
    for number, filled in enumerate(fill(network, [text] * params.num_samples, choice, seed=seed), 1):
        fills = zip(filled.fills, filled.log_probabilities, strict=True)
        listed = ", ".join(f"{bundle.vocabulary.token(i)!r} ln p = {log_p:.3f}" for i, log_p in fills)
        typer.echo(f"--- sample {number}: {listed}")
        typer.echo(bundle.vocabulary.decode(filled.ids))


def _units(texts: list[str], file: Path | None) -> list[str]:
    """The texts to score.

    Raises:
        PipelineError: where there are none, or they come from both places, or the file cannot be read.
    """
    from pipeline.text.utf8 import read_text
    from pipeline.tokens.units import lines_of, normalize, without_mark

    if bool(texts) == (file is not None):
        got = f"{len(texts)} texts" + (f" and {file}" if file else "")
        raise PipelineError("unroll score", "either texts or --file", got, "give one of them")
    if file is None:
        return [without_mark(text) for text in texts]
    lines = lines_of(normalize(read_text(file)))
    if not lines:
        raise PipelineError(str(file), "at least one line", "an empty file", "write a text on each line")
    return lines


def _show(scores: "TokenScores") -> None:
    """Print a text's tokens with their probabilities, and its totals."""
    given = "all others" if scores.is_pseudo else "those before"
    table = Table("t", "token", f"p(token | {given})", "ln p", title=escape(repr(scores.text)), title_justify="left")
    for t, (token, log_p) in enumerate(zip(scores.tokens, scores.log_probabilities, strict=True), 1):
        table.add_row(
            str(t), escape(token if t == len(scores.tokens) else repr(token)), f"{math.exp(log_p):.6g}", f"{log_p:.4f}"
        )
    Console().print(table)
    typer.echo("\n".join([*totals([scores]), ""]))


def totals(scores: "Sequence[TokenScores]") -> list[str]:
    """What the texts cost together, a line each: sums are divided once."""
    score = sum((of_text.score for of_text in scores[1:]), scores[0].score)
    is_pseudo, num_unknown = scores[0].is_pseudo, sum(of_text.num_unknown for of_text in scores)
    is_lower_bound = any(of_text.is_lower_bound for of_text in scores)
    bits = f"{'at least ' if is_lower_bound else ''}{score.bits_per_char:.4f}"
    lines = [
        f"{'pseudo-log-likelihood' if is_pseudo else 'ln p(text, EOS)'} = {-score.nats:.4f} nats",
        f"{'pseudo-perplexity' if is_pseudo else 'perplexity'} = {score.perplexity:.4f}",
        f"bits per character = {bits} ({score.characters} characters; an end counts as one)",
    ]
    if is_pseudo:
        lines.append("A cloze model sees both sides of each token: this is no probability of the text.")
    if num_unknown:
        lines.append(f"The vocabulary lacks {num_unknown} of the tokens: {UNKNOWN[is_lower_bound]}.")
    return lines


def _show_comparison(comparison: "Comparison") -> None:
    """Print the accuracies, and what was counted apart."""
    table = Table("group", "pairs", "accuracy", "95 % interval")
    for name, share in comparison.groups.items():
        table.add_row(escape(name), *_cells(share))
    table.add_section()
    table.add_row("all that are covered", *_cells(comparison.covered))
    table.add_section()
    table.add_row("with unknown tokens, apart", *_cells(comparison.unknown))
    Console().print(table)
    typer.echo("\n".join(_coverage(comparison)))


def _cells(share: "Share") -> tuple[str, str, str]:
    """Pairs, accuracy, interval; a share of nothing has neither."""
    if share.accuracy is None:
        return "0", "", ""
    low, high = share.interval
    return str(share.pairs), f"{share.accuracy:.4f}", f"{low:.4f} to {high:.4f}"


def _coverage(comparison: "Comparison") -> list[str]:
    """What the table counts, a line each."""
    score = "pseudo-log-likelihood" if comparison.is_pseudo else "ln p(sentence, EOS)"
    lines = [
        f"correct = the good sentence has the greater {score}; a tie counts half (ties: {comparison.num_ties})",
        f"covered = {comparison.covered.pairs} of {comparison.num_pairs} pairs; left out are",
        f"  {comparison.unknown.pairs} with a token that the vocabulary lacks",
        f"  {comparison.num_indistinguishable} whose two sentences are the same tokens to the model",
    ]
    if comparison.is_pseudo:
        lines.append("A cloze model sees both sides of each token: this is no probability of the sentence.")
    return lines


UNKNOWN = {
    True: "UNK leaves open which word it was, and spelling it would cost more bits",
    False: "UNK is charged, and the character's name among all of Unicode on top",
}


if __name__ == "__main__":
    main()
