"""The sentences of the three splits: no sentence is on both sides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.examples.splits import named_split
from pipeline.tasks.entities.data.conll import conll_sentences
from pipeline.tasks.entities.data.docstrings import labelled
from pipeline.tasks.entities.data.sentences import Sentence
from pipeline.tasks.entities.data.spans import spans_of
from pipeline.tasks.entities.params import EntitiesParams
from pipeline.text.files import files_of
from pipeline.text.params import HashSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

Sentences = Mapping[str, list[Sentence]]
"""By the name of their split."""


def sentences_of_splits(params: EntitiesParams) -> tuple[Sentences, int]:
    """The sentences that the params name, and how many were read.

    Raises:
        CorpusError: where a file cannot be read, or a split would be empty or without entities.
    """
    if params.path is None:
        assert params.split.method == "hash", "EntitiesParams"
        return of_docstrings(labelled(), params.split)
    path = Path(params.path)
    if not path.exists():
        rule, what_to_do = "a file or folder that is there", "correct it, or set it to null for Python's docstrings"
        raise CorpusError("params.yaml: tasks.entities.path", rule, repr(params.path), what_to_do)
    found, read = by_sentence(path, params.split) if params.split.method == "hash" else as_given(path)
    check_entities(found, params.path)
    return found, read


def of_docstrings(sentences: Sequence[Sentence], split: HashSplit) -> tuple[Sentences, int]:
    """Dealt by top-level module, without what a split has already, or one that is learned from.

    Prose is copied between modules: such a sentence would be known to a network from training.
    """
    found = dealt(sentences, split, key=lambda sentence: sentence.origin)
    train = without_repeats(found["train"])
    validation = without(without_repeats(found["validation"]), train)
    test = without(without_repeats(found["test"]), [*train, *validation])
    return {"train": train, "validation": validation, "test": test}, len(sentences)


def by_sentence(path: Path, split: HashSplit) -> tuple[Sentences, int]:
    """The sentences of all files, dealt by the hash of their words: equal ones go to the same split."""
    sentences = [sentence for file in files_of(path) for sentence in conll_sentences(file)]
    return dealt(sentences, split, key=lambda sentence: " ".join(sentence.words)), len(sentences)


def as_given(path: Path) -> tuple[Sentences, int]:
    """The splits that the files' names say.

    Validation and test stay as they are, so that scores compare with those of others: a sentence of theirs is taken
    out of the training split, and one of the test split out of the validation split.
    """
    found: dict[str, list[Sentence]] = {name: [] for name in SPLITS}
    for file in files_of(path):
        found[named_split(file)] += conll_sentences(file)
    train, validation, test = (found[name] for name in SPLITS)
    kept = {"train": without(train, [*validation, *test]), "validation": without(validation, test), "test": test}
    return kept, len(train) + len(validation) + len(test)


def dealt(sentences: Iterable[Sentence], split: HashSplit, key: Callable[[Sentence], str]) -> Sentences:
    """Each sentence to the split that the hash of its key names."""
    found: dict[str, list[Sentence]] = {name: [] for name in SPLITS}
    for sentence in sentences:
        share = text_share(key(sentence), split.seed)
        is_test, is_held_out = share < split.test, share < split.test + split.validation
        found["test" if is_test else "validation" if is_held_out else "train"].append(sentence)
    return found


def without_repeats(sentences: Iterable[Sentence]) -> list[Sentence]:
    """The first of the sentences with equal words."""
    return list({sentence.words: sentence for sentence in reversed(list(sentences))}.values())[::-1]


def without(sentences: Iterable[Sentence], others: Iterable[Sentence]) -> list[Sentence]:
    """Those whose words are not the words of one of the others."""
    known = {sentence.words for sentence in others}
    return [sentence for sentence in sentences if sentence.words not in known]


def check_entities(found: Sentences, path: str) -> None:
    """See that each split has entities, and that all types occur in training.

    Raises:
        CorpusError: naming the split, or the line of the first entity of an unknown type.
    """
    known = {span.type for sentence in found["train"] for span in spans_of(sentence.tags)}
    for name, sentences in found.items():
        if not any(set(sentence.tags) - {"O"} for sentence in sentences):
            got = f"{len(sentences)} sentences, none with an entity"
            raise CorpusError(path, f"the {name} split has entities", got, "give more text, or correct the tags")
        for sentence in sentences:
            for span in spans_of(sentence.tags):
                if span.type not in known:
                    rule = "each type occurs in the training split, which alone says what can be found"
                    raise CorpusError(sentence.origin, rule, span.type, "correct it, or give more text to train")
