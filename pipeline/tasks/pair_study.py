"""What is looked at beside the scores of translations."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pipeline.examples.sets import Examples, Split
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.tasks import pair_scores
from pipeline.tasks.contract import Study
from pipeline.tasks.pair_answers import Answer, Sides
from pipeline.tasks.pair_figures import attention_maps, can_be_drawn
from pipeline.tasks.pair_params import PairParams
from pipeline.tokens.vocabulary import Vocabulary

SHOWN, MAPS = 4, 4
"""Test examples that are kept, right and wrong ones; and attention maps."""
MAP_TOKENS = 30
"""What a map has room for."""


def texts_of(params: PairParams, examples: Examples, split: Split, given: Sequence[Answer]) -> list[str]:
    """The text of each best hypothesis."""
    sides = Sides.of(params, examples)
    return [sides.text(answer, source) for answer, source in zip(given, split.notes["source"], strict=True)]


def study(params: PairParams, examples: Examples, network: EncoderDecoder, given: Sequence[Answer]) -> Study:
    """Scores by length of the source, and of formats seen and unseen; answers right and wrong; where it looked."""
    test = examples.splits["test"]
    texts, lower = texts_of(params, examples, test, given), params.target.lower_case
    maps = _maps(Sides.of(params, examples), test, given)
    return Study(
        tables=tables(test, texts, lower),
        details={
            "signatures": pair_scores.signatures(lower),
            "examples": _examples(test, texts, lower),
            "maps": maps,
        },
        predictions={
            "answer": texts,
            "log_probability": [answer.hypotheses[0].log_probability for answer in given],
        },
        figures={"attention.png": partial(attention_maps, maps)} if maps else {},
    )


def tables(test: Split, texts: Sequence[str], lower: bool) -> dict[str, list[dict[str, Any]]]:
    """By length of the source; of dates also by whether the format is in training, and by language."""
    references = test.notes["reference"]
    found = {"length": pair_scores.rows_by_length(test.lengths, texts, references, lower)}
    if "seen" in test.notes:
        formats = ["seen" if seen else "unseen" for seen in test.notes["seen"]]
        found["formats"] = pair_scores.rows_by("formats", formats, texts, references, lower)
        found["language"] = pair_scores.rows_by("language", test.notes["language"], texts, references, lower)
    return found


def _in_order_of_hashes(test: Split) -> list[int]:
    """Test examples in the order of the hashes of their sources: picked by nobody."""
    sources = test.notes["source"]
    return sorted(range(len(test)), key=lambda i: hashlib.sha256(sources[i].encode()).digest())


def _examples(test: Split, texts: Sequence[str], lower: bool) -> list[dict[str, Any]]:
    """The first that are right and the first that are wrong."""
    wanted = test.notes["reference"]
    right = pair_scores.right(texts, wanted, lower)
    order = _in_order_of_hashes(test)
    picked = [[i for i in order if right[i] == kind][:SHOWN] for kind in (True, False)]
    return [
        {"right": right[i], "source": test.notes["source"][i], "wanted": wanted[i], "answer": texts[i]}
        for i in (*picked[0], *picked[1])
    ]


def _maps(sides: Sides, test: Split, given: Sequence[Answer]) -> list[Mapping[str, Any]]:
    """The attention of the first short ones; none of a network without it."""
    found = []
    for i in _in_order_of_hashes(test):
        weights, ids = given[i].weights[0], given[i].hypotheses[0].ids
        written = ["EOS" if j == Vocabulary.EOS else sides.target.token(j) for j in ids]
        tokens = [sides.pieces(test.notes["source"][i]), written]
        if weights is None or len(found) == MAPS:
            return found
        if max(map(len, tokens)) <= MAP_TOKENS and can_be_drawn("".join(tokens[0] + tokens[1])):
            found.append({"source": tokens[0], "answer": tokens[1], "weights": weights.round(3).tolist()})
    return found
