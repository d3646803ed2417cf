"""Sentences made from the numbers: whatever is said to be ahead is ahead in the tables."""

from collections.abc import Sequence

from pipeline.report.collect import LevelResults, Results
from pipeline.report.tables import (
    RANKED_BY,
    ScoreRow,
    cloze_scores,
    levels_compared,
    ranked,
    scores,
)

UNKNOWN_RATE = 0.005
"""Of the test text's tokens: from here on the report mentions that the vocabulary lacks them."""
LARGE_SHARE = 0.1
"""Of all nats: from here on it says what to do, too."""
LEVELS = {"char": "characters", "word": "words", "bpe": "word pieces"}
UNIT = "bits per character"
ADAPTIVE_BITS = f"adaptive/{RANKED_BY}"


def listed(parts: Sequence[str]) -> str:
    """The parts as English lists them.

    >>> listed(["a", "b", "c"]), listed(["a", "b"]), listed(["a"])
    ('a, b and c', 'a and b', 'a')
    """
    return " and ".join([*([", ".join(parts[:-1])] if parts[:-1] else []), parts[-1]])


def plural(n: int, word: str) -> str:
    """
    >>> plural(1, "seed"), plural(1200, "seed")
    ('1 seed', '1,200 seeds')
    """
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def overview(results: Results) -> str:
    """What was compared, on what."""
    first = results.levels[0]
    levels = listed([LEVELS[level.level] for level in results.levels])
    characters = results.corpus["splits"]["train"]["characters"]
    seeds = plural(len(first.models[0].seeds), "random seed")
    return (
        f"{plural(len(first.models), 'model')} read the same text as {levels}, with {seeds} each. "
        f"They learn from a text of {characters:,} characters and are judged on another that they never saw."
    )


def text(results: Results) -> str:
    """How the text is split."""
    splits = results.corpus["splits"]
    total = sum(split["characters"] for split in splits.values())
    return (
        f"The networks learn from {splits['train']['characters'] / total:.0%} of {total:,} characters. The validation "
        "text chooses the best moment of a training and the best n-gram order; the test text decides nothing."
    )


def budget(level: LevelResults) -> str:
    """How long the networks of a level were trained."""
    seen = max(model.numbers("train")["tokens_seen"].mean for model in level.models)
    times = seen / level.vocabulary["splits"]["train"]["tokens"]
    return f"Training showed each network {seen:,.0f} tokens, {times:.2g} times the training text."


def unknown(level: LevelResults) -> str:
    """What the vocabulary lacks of the test text, what that costs, and, where it is much, what to do."""
    splits = level.vocabulary["splits"]
    rate = splits["test"]["unknown"] / splits["test"]["tokens"]
    shares = unknown_shares(level)
    if not shares or (rate < UNKNOWN_RATE and shares[-1][0] < LARGE_SHARE):
        return ""
    (low, cheapest), (high, dearest) = shares[0], shares[-1]
    sentences = [
        f"The vocabulary lacks {rate:.1%} of the test text's tokens. To predict that one is unknown, and to say which "
        f"it is, costs {low:.0%} ({cheapest}) to {high:.0%} ({dearest}) of all nats."
    ]
    if high >= LARGE_SHARE:
        more = f"raise vocabulary.{level.level}.max_size" if level.is_full else "give more text"
        sentences.append(f"That is a large share: {more}, or choose level bpe, in which no token is unknown.")
    if not splits["train"]["unknown"]:
        raised = f"raise vocabulary.{level.level}.min_count"
        sentences.append(f"No token of the training text is unknown, so the networks never learned of any: {raised}.")
    return " ".join(sentences)


def unknown_shares(level: LevelResults) -> list[tuple[float, str]]:
    """The share of all nats of the test text that unknown tokens cost each network and the best n-gram, rising."""
    floor = [row for row in scores(level) if row.is_best_order]
    networks = [row for row in [*scores(level), *cloze_scores(level)] if row.kind in ("network", "cloze")]
    return sorted((row.numbers["test/unknown_share"].mean, row.name) for row in [*floor, *networks])


def verdict(level: LevelResults) -> str:
    """Who wins at a level, and whether the best network beats the best n-gram."""
    rows = scores(level)
    networks = ranked(rows, "network")
    floor = next(row for row in rows if row.is_best_order)
    if not networks:
        return f"No language model is selected; the {floor.name} floor stands at {_bits(floor)} {UNIT}."
    best = networks[0]
    return (
        f"On {LEVELS[level.level]}, the best network is {best.name} with {_bits(best)} {UNIT} on the test text. "
        f"Against the best n-gram ({floor.name}, {_bits(floor)}) it is {_difference(best, floor)}."
    )


def ranking(level: LevelResults) -> str:
    """How far the best network is ahead of each other one, and how sure that is."""
    networks = ranked(scores(level), "network")
    if len(networks) < 2:
        return ""
    best, *others = networks
    gaps = listed([_gap(best, other) for other in others])
    return f"{best.name} is {gaps}. {_certainty(best, others)}"


def _gap(best: ScoreRow, other: ScoreRow) -> str:
    """
    >>> from pipeline.report.estimates import Estimate
    >>> row = lambda name, bits: ScoreRow(name, "network", "", {RANKED_BY: Estimate(bits, None, 1)})
    >>> _gap(row("gru", 1.5), row("rnn", 1.75)), _gap(row("gru", 1.5), row("lstm", 1.5001))
    ('0.250 bits per character ahead of rnn', 'level with lstm')
    """
    difference = other.numbers[RANKED_BY].mean - best.numbers[RANKED_BY].mean
    gap = f"{difference:.3f} {UNIT} ahead of" if round(difference, 3) else "level with"
    return f"{gap} {other.name}{' (the intervals overlap)' if _overlap(best, other) else ''}"


def _overlap(one: ScoreRow, other: ScoreRow) -> bool:
    return one.numbers[RANKED_BY].overlaps(other.numbers[RANKED_BY])


def _certainty(best: ScoreRow, others: Sequence[ScoreRow]) -> str:
    if best.numbers[RANKED_BY].half_width is None:
        return "With one seed a model, part of a small difference may be luck of the random start."
    if any(_overlap(best, other) for other in others):
        return "Where two intervals overlap, the seeds do not settle which of the two is better."
    return "No interval overlaps with that of the best."


def mixture(level: LevelResults) -> str:
    """How far the best mixture of a network with the best n-gram is ahead of each of the two, and what that means."""
    rows = scores(level)
    best, ngram = ranked(rows, "mixture")[0], next(row for row in rows if row.is_best_order)
    network = next(row for row in rows if f"{row.name} + {ngram.name}" == best.name)
    counts = _less(ngram, best, f"the {ngram.name}", "which is what the network knows and counts do not")
    alone = _less(network, best, network.name, "which is what counts know and the network does not")
    left_out = " A model that sees both sides has no such row: it gives no probability of the text to mix."
    return (
        f"{best.name}: the two distributions are mixed at every token, and the validation text chooses the weight of "
        f"the {ngram.name}, here {best.numbers['weight'].mean:.2f}. The mixture reaches {_bits(best)} {UNIT}: "
        f"{counts}, and {alone}.{left_out if level.cloze_models else ''}"
    )


def _less(row: ScoreRow, mixed: ScoreRow, name: str, meaning: str) -> str:
    """
    >>> from pipeline.report.estimates import Estimate
    >>> gru, both = (ScoreRow("", "network", "", {RANKED_BY: Estimate(bits, None, 1)}) for bits in (1.5, 1.25))
    >>> _less(gru, both, "gru", "so much"), _less(both, both, "gru", "so much")
    ('0.250 less than gru alone, so much', 'no less than gru alone')
    """
    less = round(row.numbers[RANKED_BY].mean - mixed.numbers[RANKED_BY].mean, 3)
    return f"{less:.3f} less than {name} alone, {meaning}" if less > 0 else f"no less than {name} alone"


def adaptive(level: LevelResults) -> str:
    """What the column of adaptive numbers is, and what was chosen for the network that has the best of them."""
    networks = ranked(scores(level), "network")
    best = min(networks, key=lambda row: row.numbers[ADAPTIVE_BITS].mean)
    theta, weight = (best.numbers[f"adaptive/{key}"].mean for key in ("theta", "weight"))
    return (
        "Adaptive: a neural cache (Grave, Joulin & Usunier 2017) beside the network expects again what followed when "
        "the network was last in a like state. It learns from the text that it is judged on, so these numbers do not "
        f"compare with those of the other columns. {best.name} reaches {best.numbers[ADAPTIVE_BITS].mean:.3f} {UNIT} "
        f"(cache {weight:.2f} of the whole, theta {theta:.2g}, both from the validation text)."
    )


def _bits(row: ScoreRow) -> str:
    return f"{row.numbers[RANKED_BY].mean:.3f}"


def _difference(one: ScoreRow, other: ScoreRow) -> str:
    """
    >>> from pipeline.report.estimates import Estimate
    >>> row = lambda bits: ScoreRow("x", "network", "", {RANKED_BY: Estimate(bits, None, 1)})
    >>> _difference(row(1.5), row(1.7)), _difference(row(1.7), row(1.5)), _difference(row(1.5), row(1.5))
    ('ahead by 0.200', 'behind by 0.200', 'level')
    """
    difference = other.numbers[RANKED_BY].mean - one.numbers[RANKED_BY].mean
    if round(difference, 3) == 0:
        return "level"
    return f"{'ahead' if difference > 0 else 'behind'} by {abs(difference):.3f}"


def cloze(level: LevelResults) -> str:
    """What the models that see both sides reach."""
    best = cloze_scores(level)[0]
    return (
        f"{best.name} fills a gap at {_bits(best)} pseudo {UNIT}. It sees the text on both sides of the gap, "
        "so this number cannot be compared with those above, where the future is unknown."
    )


def band(level: LevelResults) -> str:
    """What the bands in the figures are, where there are some."""
    return " Lines are means over seeds, bands reach from the lowest to the highest seed." if _seeds(level) > 1 else ""


def _seeds(level: LevelResults) -> int:
    return len(level.models[0].seeds)


def against(results: Results) -> str:
    """What a level gains and pays, beside the others."""
    rows = levels_compared(results)
    coarse = max(rows, key=lambda row: row.chars_per_token)
    fine = min(rows, key=lambda row: row.chars_per_token)
    return (
        f"A token covers {fine.chars_per_token:.2f} characters for {LEVELS[fine.level]} and "
        f"{coarse.chars_per_token:.2f} for {LEVELS[coarse.level]}, so the same text is "
        f"{coarse.chars_per_token / fine.chars_per_token:.1f} times as many steps long when read as "
        f"{LEVELS[fine.level]}. {_best_level(results)}"
    )


def costs(results: Results) -> str:
    """What the second table of the comparison shows, and who is cheapest."""
    return (
        f"{UNIT.capitalize()} compare across levels; the cost is counted in weights used to predict one character, "
        "one multiply-add each: a long token spreads the cost of its step over many characters, but a large "
        "vocabulary makes each step dearer."
    )


def _best_level(results: Results) -> str:
    """The best network of each level, the best of all first."""
    best = {level.level: next(iter(ranked(scores(level), "network")), None) for level in results.levels}
    known = sorted((row.numbers[RANKED_BY].mean, row.name, level) for level, row in best.items() if row)
    parts = [f"{bits:.3f} by {name} on {LEVELS[level]}" for bits, name, level in known]
    return f"The fewest {UNIT} of a network are {listed(parts)}." if parts else ""
