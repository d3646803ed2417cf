"""What a trained language model says of texts and of pairs, printed as tables."""

import math
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.language.pairs import Comparison, Share
    from pipeline.language.scoring import TokenScores


def show_scores(scores: "TokenScores") -> None:
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
