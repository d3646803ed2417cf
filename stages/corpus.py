"""Read a text set, check it, and split it into train, validation and test."""

from pathlib import Path

from pipeline.base.artifacts import Result, write_json
from pipeline.stage import Output, stage
from pipeline.text.corpus import write_corpus
from pipeline.text.location import check_location
from pipeline.text.params import CorpusParams


@stage
def corpus(corpus: CorpusParams, *, out: Output) -> Result:
    """Write each split as parquet, a unit a row, and corpus.json with its counts."""
    path = Path(corpus.path)
    check_location(path)
    tallies = write_corpus(corpus, path, out)
    splits = {name: {"units": tally.units, "characters": tally.characters} for name, tally in tallies.items()}
    write_json(out / "corpus.json", {"unit": corpus.unit, "splits": splits})
    metrics = {f"{name}/{key}": float(value) for name, counts in splits.items() for key, value in counts.items()}
    seen = set().union(*(tally.seen for tally in tallies.values()))
    return Result({**metrics, "distinct_characters": float(len(seen))}, artifacts=["corpus.json"])


if __name__ == "__main__":
    corpus.main()
