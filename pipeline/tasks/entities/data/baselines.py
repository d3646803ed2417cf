"""What finds entities without a network: a table of words, a list of entities, a linear CRF."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.tasks.entities.data.spans import OUTSIDE, Span, spans_of, tags_of

Words = Sequence[str]
Tags = Sequence[str]
Tagger = Callable[[Words], Tags]

CRF_PARAMS = {"c1": 0.1, "c2": 0.1, "max_iterations": 50, "feature.possible_transitions": True}
"""Of L-BFGS: the weights of the L1 and L2 penalties, fixed, and not tuned on any set here."""


def most_frequent_tag(sentences: Sequence[Words], tags: Sequence[Tags]) -> Tagger:
    """Each word has the tag that it has most often in training; one that is not there is outside."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for words, of_words in zip(sentences, tags, strict=True):
        for word, tag in zip(words, of_words, strict=True):
            seen[word][tag] += 1
    best = {word: _most_common(found) for word, found in seen.items()}
    return lambda words: [best.get(word, OUTSIDE) for word in words]


def gazetteer(sentences: Sequence[Words], tags: Sequence[Tags]) -> Tagger:
    """The entities of the training split, as they are written; from the left, the longest that fits, of its most
    frequent type."""
    seen: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for words, of_words in zip(sentences, tags, strict=True):
        for start, stop, kind in spans_of(of_words):
            seen[tuple(words[start:stop])][kind] += 1
    best = {name: _most_common(found) for name, found in seen.items()}
    longest = max(map(len, best), default=0)
    return lambda words: tags_of(_matches(words, best, longest), len(words))


def _most_common(found: Counter[str]) -> str:
    return min(found, key=lambda name: (-found[name], name))


def _matches(words: Words, best: dict[tuple[str, ...], str], longest: int) -> Iterator[Span]:
    start = 0
    while start < len(words):
        stops = range(min(start + longest, len(words)), start, -1)
        stop = next((stop for stop in stops if tuple(words[start:stop]) in best), None)
        if stop is not None:
            yield Span(start, stop, best[tuple(words[start:stop])])
        start = stop or start + 1


def linear_crf(sentences: Sequence[Words], tags: Sequence[Tags]) -> Tagger:
    """A linear-chain CRF (Lafferty et al. 2001) on ten plain features of a word and its neighbours."""
    pycrfsuite = import_module("pycrfsuite")  # in C, without types
    trainer = pycrfsuite.Trainer(verbose=False)
    for words, of_words in zip(sentences, tags, strict=True):
        trainer.append(features(words), of_words)
    trainer.set_params(CRF_PARAMS)
    tagger = pycrfsuite.Tagger()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "crf"
        trainer.train(str(path))
        tagger.open(str(path))  # read whole: the file may go
    return lambda words: tagger.tag(features(words))


def features(words: Words) -> list[list[str]]:
    """What the CRF knows of each word.

    >>> features(["Read", "f2"])[1]
    ['w=f2', 'p=f2', 's=f2', 'shape=xd', '-1=read', '-1shape=Xx', 'last']
    """
    return [list(_features_at(words, place)) for place in range(len(words))]


def _features_at(words: Words, place: int) -> Iterable[str]:
    word = words[place]
    yield f"w={word.lower()}"
    yield f"p={word[:3]}"
    yield f"s={word[-3:]}"
    yield f"shape={shape(word)}"
    if place > 0:
        yield f"-1={words[place - 1].lower()}"
        yield f"-1shape={shape(words[place - 1])}"
    else:
        yield "first"
    if place + 1 < len(words):
        yield f"+1={words[place + 1].lower()}"
        yield f"+1shape={shape(words[place + 1])}"
    else:
        yield "last"


def shape(word: str) -> str:
    """Capital, small, digit or other, runs as one.

    >>> shape("OSError"), shape("x_12")
    ('Xx', 'x_d')
    """
    signs = ["X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word]
    return "".join(sign for place, sign in enumerate(signs) if signs[place - 1 : place] != [sign])
