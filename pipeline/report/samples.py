"""The sample texts that are shown, and what is said of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.report.collect import LevelResults, ModelResults
from pipeline.report.parts import Block, Heading, Paragraph, Part, Quotation
from pipeline.report.words import plural

SHOWN = 2
"""Of the first seed of each model; all of them are in the outs of `sampling`."""
RUN = 10
"""Length in tokens of the runs that are looked up in the training text."""


def part(level: LevelResults) -> Part:
    """What every model writes."""
    written = [block for model in level.models for block in _written(model)]
    return Part("What they write", [Paragraph(introduction(level)), *written])


def _written(model: ModelResults) -> Iterator[Block]:
    yield Heading(model.name)
    yield Paragraph(summary(model))
    for sample in shown(model):
        if "gapped" in sample:
            yield Quotation("with gaps", sample["gapped"])
        yield Quotation(about(sample), sample["text"])


def shown(model: ModelResults) -> Sequence[Mapping[str, Any]]:
    """The first samples of the first seed, none picked by hand."""
    return model.seeds[0].samples[:SHOWN]


def introduction(level: LevelResults) -> str:
    """What the reader sees."""
    return (
        f"The first {SHOWN} samples of each model's seed {level.models[0].seeds[0].seed}, none picked by hand. The "
        "log-probability is what the model itself gives to the text, or to its fills: the nearer to zero, the likelier."
    )


def summary(model: ModelResults) -> str:
    """How much of all that a model wrote is copied, or how many gaps it filled with what stood there."""
    numbers = model.numbers("sampling")
    if model.is_cloze:
        count, right = numbers["fills/count"].mean, numbers["fills/accuracy"].mean
        return f"It fills gaps of the validation text: in {right:.0%} of {count:,.0f} gaps it puts what stood there."
    run = max(record.metrics["novelty/longest_run"] for record in model.records("sampling"))
    longest = f"the longest copied run has {run:,.0f} tokens"
    share = numbers.get(f"novelty/ngram_share_{RUN}")
    if share is None:
        return f"No sample is as long as {RUN} tokens; {longest}."
    return f"Of all its runs of {RUN} tokens, {share.mean:.0%} stand in the training text; {longest}."


def about(sample: Mapping[str, Any]) -> str:
    """One line about a sample.

    >>> about({"ids": [5, 6, 0], "ended": "eos", "log_probability": -4.25, "longest_run": 2})
    '3 tokens, ended by itself, log-probability -4.2 nats, longest copied run 2 tokens'
    >>> about({"gaps": [{}, {}], "log_probability": -4.25})
    '2 gaps filled, log-probability -4.2 nats'
    """
    nats = f"log-probability {sample['log_probability']:.1f} nats"
    if "gaps" in sample:
        return f"{plural(len(sample['gaps']), 'gap')} filled, {nats}"
    end = "ended by itself" if sample["ended"] == "eos" else "cut at the limit"
    return f"{len(sample['ids'])} tokens, {end}, {nats}, longest copied run {sample['longest_run']} tokens"
