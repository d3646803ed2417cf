"""The default corpus, one pair of neighbours an example: a character goes in, the next one or EOS is asked.

A paragraph's first character follows the begin token. The paragraphs are split as the default `corpus` splits them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.bigram.data.scores import BEGIN
from pipeline.tasks.bigram.params import BigramParams
from pipeline.text.python_docs import python_docs
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.vocabulary import Vocabulary, learn
from pipeline.tokens.windows import EOS, shifted

SPLIT_SEED, TEST, VALIDATION = 1, 0.03, 0.03
MAX_SIZE, MIN_COUNT = 256, 2
"""Of the vocabulary, as of the default level `char`."""
DRAW_SEED = 1


def read(params: BigramParams) -> Examples:
    """All pairs of some paragraphs of each split."""
    return examples_of(python_docs(), params.train_pairs, params.test_pairs)


def examples_of(paragraphs: Iterable[str], train_pairs: int, test_pairs: int) -> Examples:
    """The examples of a text."""
    dealt = _dealt(paragraphs)
    vocabulary = Vocabulary(learn(Counter("".join(dealt["train"])), MAX_SIZE, "char", MIN_COUNT))
    rng = np.random.default_rng(DRAW_SEED)
    wanted = {"train": train_pairs, "validation": test_pairs, "test": test_pairs}
    splits = {name: split_of(list(_some(dealt[name], wanted[name], rng)), vocabulary) for name in SPLITS}
    return Examples(splits, [vocabulary.token(i) for i in range(vocabulary.size)], vocabulary)


def _dealt(paragraphs: Iterable[str]) -> dict[str, list[str]]:
    dealt: dict[str, list[str]] = {name: [] for name in SPLITS}
    for text in paragraphs:
        share = text_share(text, SPLIT_SEED)
        name = "test" if share < TEST else "validation" if share < TEST + VALIDATION else "train"
        dealt[name].append(text)
    return dealt


def _some(paragraphs: list[str], pairs: int, rng: np.random.Generator) -> Iterator[str]:
    """Paragraphs in a random order, until they have so many pairs."""
    for i in rng.permutation(len(paragraphs)):
        if pairs <= 0:
            return
        pairs -= len(paragraphs[i]) + 1
        yield paragraphs[i]


def split_of(paragraphs: Sequence[str], vocabulary: Vocabulary) -> Split:
    """All pairs of the paragraphs, in their order, as examples of one step."""
    units = [np.array([*ids, EOS], np.int64) for ids in vocabulary.encode_each(paragraphs)]
    targets = np.concatenate(units)
    inputs = shifted(targets, begin=vocabulary.size)
    shown = [vocabulary.token(i) for i in range(vocabulary.size)] + [BEGIN]
    notes = {
        "paragraph": np.repeat(np.arange(len(units)), [len(unit) for unit in units]).tolist(),
        "character": [shown[i] for i in inputs.tolist()],
        "next": [shown[i] for i in targets.tolist()],
    }
    return Split(list(inputs[:, None]), [np.asarray(target) for target in targets], notes)
