"""The task's examples: labelled sentences, from Python's docstrings or from CoNLL files."""

from collections import Counter

from pipeline.base.errors import CorpusError
from pipeline.examples.characters import learn_characters
from pipeline.examples.sets import Examples
from pipeline.examples.vectors import with_vectors
from pipeline.tasks.entities.data.baselines import gazetteer, linear_crf, most_frequent_tag
from pipeline.tasks.entities.data.encoding import encoded, forms, tags_of_split
from pipeline.tasks.entities.data.scores import tag_measures
from pipeline.tasks.entities.data.spans import classes_of, spans_of
from pipeline.tasks.entities.data.splits import sentences_of_splits
from pipeline.tasks.entities.params import EntitiesParams
from pipeline.tasks.figures import lengths_and_classes
from pipeline.tasks.source import Baseline, Source
from pipeline.tokens.vocabulary import Vocabulary, learn

BASELINES = {
    "most frequent tag of the word": most_frequent_tag,
    "gazetteer of training entities": gazetteer,
    "linear CRF on ten features": linear_crf,
}


def read(params: EntitiesParams) -> Examples:
    """The sentences, and what the training split says: the classes and the vocabulary.

    Raises:
        CorpusError: where a file is wrong, or all words are rare.
    """
    found, num_read = sentences_of_splits(params)
    train = found["train"]
    classes = classes_of({span.type for sentence in train for span in spans_of(sentence.tags)})
    counts = Counter(form for sentence in train for form in forms(params, sentence.words))
    if max(counts.values()) < params.min_count:
        rule, got = "some word occurs so often in training", f"at most {max(counts.values())}"
        raise CorpusError("params.yaml: tasks.entities.min_count", rule, got, "lower it, or give more text")
    vocabulary = Vocabulary(learn(counts, params.max_words, "spaces", params.min_count))
    characters = None if params.character_size is None else learn_characters(word for s in train for word in s.words)
    splits = {name: encoded(params, of, classes, vocabulary, characters) for name, of in found.items()}
    left_out = {"read": num_read, "repeats": num_read - sum(map(len, found.values()))}
    examples = Examples(splits, classes, vocabulary, counts=left_out, characters=characters)
    return with_vectors(examples, params.vectors)


def baselines(params: EntitiesParams, examples: Examples) -> list[Baseline]:
    """What needs no network, learned from the training split."""
    tags = {name: tags_of_split(split, examples.classes) for name, split in examples.splits.items()}
    words = {name: split.notes["words"] for name, split in examples.splits.items()}
    found = []
    for name, learned in BASELINES.items():
        tagger = learned(words["train"], tags["train"])
        scores = {
            split: tag_measures(tags[split], [tagger(of) for of in words[split]]) for split in ("validation", "test")
        }
        found.append(Baseline(name, scores))
    return found


SOURCE = Source(read, baselines, lengths_and_classes)
