"""Learn the vocabulary of one level from the training split, and encode every split with it."""

import sys
from functools import partial

from pipeline.base.artifacts import Result, read_json, write_json
from pipeline.base.params import Level
from pipeline.stage import Input, Later, Output, stage
from pipeline.text.encoding import encode_split, spelling_nats
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.params import BpeVocabularyParams, VocabularyParams
from pipeline.tokens.tokenization import read_tokens
from pipeline.tokens.vocabulary import Vocabulary, count_types, known_ids, learn

UNTRAINED = (
    "UNK is no target in the training text, so networks do not learn when to expect it, and the validation or the test "
    "text has unknown tokens; raise vocabulary.{level}.min_count"
)


@stage
def vocabulary(
    vocabulary: VocabularyParams | BpeVocabularyParams, *, level: Level, tokens: Input, out: Output, later: Later
) -> Result:
    """Write tokenizer.json, each split's ids as .npy, vocabulary.json with its counts, vocabulary.txt to read."""
    about = read_json(tokens / "tokenization.json")
    counts = count_types(read_tokens(tokens / "train.parquet"))
    min_count = vocabulary.min_count if isinstance(vocabulary, VocabularyParams) else 1
    learned = Vocabulary(learn(counts, vocabulary.max_size, about["scheme"], min_count))
    learned.save(out / "tokenizer.json")
    tallies = {
        name: encode_split(read_tokens(tokens / f"{name}.parquet"), learned, out / f"{name}.npy") for name in SPLITS
    }
    later.check(tallies["validation"].tokens, partial(known_ids, vocabulary=learned))
    if not tallies["train"].unknown and any(tally.unknown for tally in tallies.values()):
        sys.stderr.write(f"  {UNTRAINED.format(level=level)}\n")
    nats = spelling_nats({name: tally.unknown_types for name, tally in tallies.items()}, counts, about["scheme"])
    splits, metrics = {}, {"size": float(learned.size)}
    for name, tally in tallies.items():
        splits[name] = {
            "units": tally.units,
            "tokens": tally.tokens,
            "characters": about["splits"][name]["characters"],
            "unknown": tally.unknown,
            "spelling_nats": nats[name],
        }
        metrics |= {f"{name}/spelling_nats": nats[name], **tally.as_metrics(name)}
    learned.save_listing(out / "vocabulary.txt", tallies["train"].counts)
    write_json(out / "vocabulary.json", {"level": level, "size": learned.size, "splits": splits})
    return Result(metrics, artifacts=["tokenizer.json", "vocabulary.json", "vocabulary.txt"])


if __name__ == "__main__":
    vocabulary.main()
