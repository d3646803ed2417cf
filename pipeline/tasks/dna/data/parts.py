"""The parts of a set of genomes: by region, by sequence, or as files give them; no long copy is on both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.base.errors import PipelineError
from pipeline.tasks.dna.data.bases import Ids, letters, reverse_complement
from pipeline.tasks.dna.data.files import Genome
from pipeline.tasks.dna.data.pieces import Stretch
from pipeline.tasks.dna.data.repeats import LONGEST, copied
from pipeline.tasks.dna.params import DnaParams, RegionSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.windows import IGNORED

WHERE = "params.yaml: tasks.dna.split"


Parts = Mapping[str, Sequence[Stretch]]


def parts_of(genomes: Sequence[Genome], params: DnaParams) -> Parts:
    """The training, validation and test part; copies outside the training part have no label.

    Raises:
        PipelineError: where a part is empty, or all of it is copied.
    """
    if params.split.method == "region":
        parts = _by_region(genomes, params.split)
    else:
        parts = _by_sequence(genomes, params)
    for name in SPLITS:
        if not sum(len(stretch.ids) for stretch in parts[name]):
            what_to_do = "give it more sequences, or correct the split"
            raise PipelineError(WHERE, f"bases in the {name} part", "none", what_to_do)
    return without_copies(parts)


def _by_region(genomes: Sequence[Genome], split: RegionSplit) -> Parts:
    shares = {"validation": split.validation, "test": split.test, "train": 1 - split.validation - split.test}
    total = sum(len(genome.ids) for genome in genomes)
    bounds = [round(total * sum(shares[name] for name in split.order[:i])) for i in range(4)]
    parts: dict[str, list[Stretch]] = {name: [] for name in SPLITS}
    begin = 0
    for genome in genomes:
        for name, low, high in zip(split.order, bounds, bounds[1:], strict=False):
            a, b = max(low - begin, 0), min(high - begin, len(genome.ids))
            if a < b:
                parts[name].append(Stretch(genome.name, a, genome.ids[a:b], genome.labels[a:b]))
        begin += len(genome.ids)
    return parts


def _by_sequence(genomes: Sequence[Genome], params: DnaParams) -> Parts:
    """A sequence that is there again, on either strand, is taken once."""
    named = [(_part_of(genome, params), genome) for genome in genomes]
    parts: dict[str, list[Stretch]] = {name: [] for name in SPLITS}
    seen = set()
    for part in SPLITS:
        for genome in (genome for name, genome in named if name == part):
            if (key := either_strand(genome.ids)) not in seen:
                seen.add(key)
                parts[part].append(Stretch(genome.name, 0, genome.ids, genome.labels))
    return parts


def _part_of(genome: Genome, params: DnaParams) -> str:
    if params.split.method == "given":
        name = Path(genome.where).stem
        if name not in SPLITS:
            rule = f"files named {', '.join(SPLITS)} for split.method given"
            raise PipelineError(genome.where, rule, repr(name), "rename it, or set another method")
        return name
    assert params.split.method == "sequence"
    return hashed_part(either_strand(genome.ids), params.split.validation, params.split.test, params.split.seed)


def hashed_part(key: str, validation: float, test: float, seed: int) -> str:
    """The part that a text's hash says."""
    share = text_share(key, seed)
    return "test" if share < test else "validation" if share < test + validation else "train"


def either_strand(ids: Ids) -> str:
    """The same text for both strands."""
    return min(letters(ids), letters(reverse_complement(ids)))


def without_copies(parts: Parts) -> Parts:
    """The labels of bases dropped that the training part has in a stretch of LONGEST bases; of test bases, that the
    validation part has, too.

    Raises:
        PipelineError: where nothing is left of a part.
    """
    validation = _masked(parts["validation"], parts["train"])
    test = _masked(parts["test"], [*parts["train"], *parts["validation"]])
    for name, stretches in (("validation", validation), ("test", test)):
        if not any((stretch.labels != IGNORED).any() for stretch in stretches):
            rule = f"some of the {name} part is in no copy of {LONGEST} bases or more of another part"
            raise PipelineError(WHERE, rule, "copies alone", "choose another order, or other shares")
    return {"train": parts["train"], "validation": validation, "test": test}


def _masked(stretches: Sequence[Stretch], others: Sequence[Stretch]) -> list[Stretch]:
    copies = copied([stretch.ids for stretch in stretches], [other.ids for other in others])
    return [
        replace(stretch, labels=np.where(copy, IGNORED, stretch.labels))
        for stretch, copy in zip(stretches, copies, strict=True)
    ]
