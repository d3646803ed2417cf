"""What a trained language model says of texts and of pairs, printed as tables."""

import math
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.language.baseline import Baseline
    from pipeline.language.pairs import Comparison, Share
    from pipeline.language.scoring import TokenScores


def show_scores(scores: "TokenScores", baseline: "Baseline | None") -> None:
    """Print a text's tokens with their probabilities, mixed with those of the n-gram, too, and its totals."""
    given = "all others" if scores.is_pseudo else "those before"
    columns = {f"p(token | {given})": scores.log_probabilities}
    if baseline:
        columns[f"p, mixed with the {baseline.name}"] = baseline.mix(scores).log_probabilities
    heads = [head for name in columns for head in (name, "ln p")]
    table = Table("t", "token", *heads, title=escape(repr(scores.text)), title_justify="left")
    for t, token in enumerate(scores.tokens):
        is_last = t == len(scores.tokens) - 1
        log_ps = [column[t] for column in columns.values()]
        cells = [cell for log_p in log_ps for cell in (f"{math.exp(log_p):.6g}", f"{log_p:.4f}")]
        table.add_row(str(t + 1), escape(token if is_last else repr(token)), *cells)
    Console().print(table)
    typer.echo("\n".join([*totals([scores], baseline), ""]))


def totals(scores: "Sequence[TokenScores]", baseline: "Baseline | None") -> list[str]:
    """What the texts cost together, a line each."""
    num_unknown, is_lower_bound = sum(of_text.num_unknown for of_text in scores), _is_lower_bound(scores)
    lines = _sums(scores)
    if scores[0].is_pseudo:
        lines.append(
            "A cloze model sees both sides of each token: this is no probability of the text, "
            "so it is not mixed with the n-gram."
        )
    if baseline:
        mixed = _sums([baseline.mix(of_text) for of_text in scores])
        lines += [f"mixed with the {baseline.name}, whose weight is {baseline.weight:.3g}:", *(f"  {x}" for x in mixed)]
    if num_unknown:
        lines.append(f"{num_unknown} of the tokens are not in the vocabulary: {UNKNOWN[is_lower_bound]}.")
    return lines


def _sums(scores: "Sequence[TokenScores]") -> list[str]:
    """Sums are divided once."""
    score, is_pseudo = sum((of_text.score for of_text in scores[1:]), scores[0].score), scores[0].is_pseudo
    bits = f"{'at least ' if _is_lower_bound(scores) else ''}{score.bits_per_char:.4f}"
    return [
        f"{'pseudo-log-likelihood' if is_pseudo else 'ln p(text, EOS)'} = {-score.nats:.4f} nats",
        f"{'pseudo-perplexity' if is_pseudo else 'perplexity'} = {score.perplexity:.4f}",
        f"bits per character = {bits} ({score.characters} characters; an end counts as one)",
    ]


def _is_lower_bound(scores: "Sequence[TokenScores]") -> bool:
    return any(of_text.is_lower_bound for of_text in scores)


def show_comparison(comparison: "Comparison") -> None:
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
        f"  {comparison.unknown.pairs} with a token that is not in the vocabulary",
        f"  {comparison.num_indistinguishable} whose two sentences are the same tokens to the model",
    ]
    if comparison.is_pseudo:
        lines.append("A cloze model sees both sides of each token: this is no probability of the sentence.")
    return lines


UNKNOWN = {
    True: "UNK leaves open which word it was, and spelling it would cost more bits",
    False: "UNK is charged, and the character's name among all of Unicode on top",
}
