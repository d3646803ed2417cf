"""Tasks made of strings: a network learns to predict every symbol, and is asked at the places of answers."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeVar

from pipeline.memory.contract import Outcome, Task
from pipeline.memory.evaluation import answers
from pipeline.memory.params import MemoryTask
from pipeline.memory.strings import String, Strings, bits_without_memory, drawn, joined
from pipeline.networks.build import Network, build_language_model
from pipeline.training.language_modelling import LanguageModelling
from pipeline.training.split import Split

P = TypeVar("P", bound=MemoryTask)
WholeStrings = Callable[[Network, Sequence[String]], Mapping[str, float] | None]


def string_task(
    params: type[P], strings: Callable[[P], Strings], whole_strings: WholeStrings = lambda network, test: None
) -> Task[P, Network]:
    """The task of a source of strings.

    Args:
        whole_strings: what whole strings of the test cost a network, where that can be said.
    """

    def ask(section: P, network: Network, seed: int) -> Outcome:
        source = strings(section)
        test = source.questions(Random(f"test {seed}"), section.test_sequences)
        return Outcome(answers(network, test, source.choices), whole_strings(network, test))

    return Task(
        params=params,
        unit="bits",
        cost_without_memory=lambda section: bits_without_memory(strings(section)),
        build=lambda section, model, seed: build_language_model(model, strings(section).vocabulary_size, seed),
        objective=lambda section, network, seed: objective(strings(section), section, network, seed),
        ask=ask,
    )


def objective(source: Strings, section: MemoryTask, network: Network, seed: int) -> LanguageModelling:
    """One pass over fresh strings, each from the zero state, so that there is nothing to overfit."""
    train = drawn(source, Random(f"train {seed}"), section.budget_tokens)
    validation = source.questions(Random(f"validation {seed}"), section.test_sequences)
    return LanguageModelling(
        _split(train),
        _split(validation),
        network.begin_id,
        segment_tokens=None,
        batch_size=section.batch_size,
        bptt_steps=max(len(string.ids) for string in train),
        budget_tokens=section.budget_tokens,
        seed=seed,
    )


def _split(strings: Sequence[String]) -> Split:
    """The strings as a text: a symbol is a character, and none needs spelling."""
    ids = joined(strings)
    return Split(ids, characters=len(ids), spelling_nats=0.0)
