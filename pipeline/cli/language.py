"""The commands on a trained language model: samples of it, scores by it, and the sentences it prefers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.base.errors import ArtifactError, PipelineError
from pipeline.cli.bundles import check_bundle
from pipeline.cli.sequences import check_options, is_of_task, sample_of_task
from pipeline.cli.tables import show_comparison, show_scores, totals

if TYPE_CHECKING:
    from pipeline.language.baseline import Baseline
    from pipeline.language.bundle import LanguageBundle
    from pipeline.networks.cloze import ClozeModel
    from pipeline.networks.language_model import LanguageModel
    from pipeline.sampling.params import SamplingParams

BundleFolder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A trained model: a folder of out/train.")]


def sample(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A folder of out/train, or of out/task for music.")],
    num_samples: Annotated[int, typer.Option(help="How many.")] = 3,
    max_tokens: Annotated[
        int, typer.Option(help="Draws of one sample at most, EOS counted; a cloze model draws one for each gap.")
    ] = 400,
    temperature: Annotated[float, typer.Option(help="Divides the logits; towards 0 the likeliest is certain.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="Only the k most probable tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Only the most probable tokens that hold this share.")] = None,
    prompt: Annotated[str, typer.Option(help="Text to go on from; cloze models fill each ___ in it.")] = "",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Equal seeds draw equal samples.")] = 1,
    condition: Annotated[str | None, typer.Option(help="Of music: the kind of the tune, such as reel.")] = None,
    primer: Annotated[Path | None, typer.Option(help="Of music: a file of ABC or MIDI to go on from.")] = None,
    out: Annotated[Path | None, typer.Option(help="Of music: a file of .mid, .abc or .wav; else ABC is shown.")] = None,
) -> None:
    """Draw texts or tunes from a model, each with its log-probability; a cloze model fills the gaps of --prompt."""
    from pipeline.base.params import check as checked
    from pipeline.sampling.params import SamplingParams
    from pipeline.tokens.units import without_mark

    options = {"num_samples": num_samples, "max_tokens": max_tokens, "temperature": temperature}
    options |= {"top_k": top_k, "top_p": top_p, "prompt": without_mark(prompt)}
    params = checked(SamplingParams, options, "unroll sample")
    check_options(is_of_task(bundle), {"prompt": prompt, "condition": condition, "primer": primer, "out": out})
    if is_of_task(bundle):
        sample_of_task(bundle, params, seed, condition, primer, out)
        return
    trained = load_bundle(bundle)
    if trained.network.predicts == "next":
        _write(trained.network, trained, params, seed)
    else:
        _fill(trained.network, trained, params, seed)


def score(
    bundle: BundleFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Each is one unit.")] = None,
    file: Annotated[Path | None, typer.Option(help="Or a text file: each of its lines is one unit.")] = None,
) -> None:
    """Print the chain rule of each text: p of every token given those before it, from the first to EOS.

    Beside a model in out/train, a second column mixes it with the best n-gram of the same run, as the report does.
    """
    from pipeline.language.scoring import score_text

    units = _units(texts or [], file)
    trained = load_bundle(bundle)
    baseline = _baseline(bundle, trained) if trained.network.predicts == "next" else None
    scores = [score_text(trained, text) for text in units]
    for of_text in scores:
        show_scores(of_text, baseline)
    if len(scores) > 1:
        typer.echo("\n".join([f"all {len(scores)} texts:", *totals(scores, baseline)]))


def compare_pairs(
    bundle: BundleFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .tsv (good, bad[, group]) or .jsonl, a pair a line.")],
    group: Annotated[str | None, typer.Option(metavar="KEY", help="The .jsonl key that holds the group.")] = None,
) -> None:
    """Say how often a model prefers the good sentence of a minimal pair to the bad one."""
    from pipeline.language.pairs import compare, read_pairs

    pairs = read_pairs(file, group)
    show_comparison(compare(load_bundle(bundle), pairs))


def load_bundle(folder: Path) -> "LanguageBundle":
    """The trained model in a folder.

    Raises:
        ArtifactError: where there is none, or it is damaged.
    """
    check_bundle(folder, "train")
    from pipeline.language.bundle import LanguageBundle

    return LanguageBundle.load(folder)


def _baseline(folder: Path, bundle: "LanguageBundle") -> "Baseline | None":
    """The n-gram beside a language model; a sentence says why there is none."""
    from pipeline.language.baseline import Baseline

    try:
        return Baseline.beside(folder, bundle)
    except ArtifactError as error:
        typer.echo(f"No column of the mixture with the n-gram: {error}\n")
        return None


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
