"""Cut the text of one level into tokens."""

from pipeline.base.artifacts import Result, write_json
from pipeline.base.params import Level, Section
from pipeline.stage import Input, Output, stage
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.tokenization import scheme_of, tokenize_split


@stage
def tokenization(tokenization: Section, *, level: Level, corpus: Input, out: Output) -> Result:
    """Write each split's tokens as parquet, a unit a row, and tokenization.json with its counts."""
    scheme = scheme_of(level, getattr(tokenization, "split", None))
    splits, metrics = {}, {}
    for name in SPLITS:
        tally = tokenize_split(corpus / f"{name}.parquet", out / f"{name}.parquet", scheme)
        splits[name] = {"units": tally.units, "tokens": tally.tokens, "characters": tally.characters}
        metrics |= tally.as_metrics(name)
    write_json(out / "tokenization.json", {"level": level, "scheme": scheme, "splits": splits})
    return Result(metrics, artifacts=["tokenization.json"])


if __name__ == "__main__":
    tokenization.main()
