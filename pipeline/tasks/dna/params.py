"""Its entry of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, Section, Seed, Share
from pipeline.examples.params import problems_of_shares
from pipeline.tasks.params import FileTaskParams

Part = Literal["train", "validation", "test"]


class RegionSplit(Section):
    """Shares of the bases of all sequences, one after the other."""

    method: Literal["region"]
    order: Annotated[list[Part], Field(min_length=3, max_length=3)]
    """From the first base on. Choose it so that repeats, which are masked outside the training part, leave a test."""
    validation: Share
    test: Share


class SequenceSplit(Section):
    """Whole sequences, where the hash of their bases says; both strands have one hash."""

    method: Literal["sequence"]
    validation: Share
    test: Share
    seed: Seed


class GivenSplit(Section):
    """Files named train.*, validation.* and test.*."""

    method: Literal["given"]


class DnaParams(FileTaskParams):
    """Bases, each with its strand and its place in a codon; or windows, each with a class."""

    format: Literal["genes", "windows"]
    """`genes`: GenBank, or FASTA with GFF3; a label a base. `windows`: csv, `sequence` and `label`; a label a row."""
    sequences: Count
    """Of the training part of the generated set."""
    split: Annotated[RegionSplit | SequenceSplit | GivenSplit, Field(discriminator="method")]
    """Of files; the generated set has parts of its own."""
    kmer: Literal[1, 3, 5]
    """Bases that a step reads: its own, and half of the others on each side. A network that reads one way
    then sees one base (of 3) or two (of 5) ahead."""
    period: Annotated[int, Field(ge=2, le=1000)] | None
    """The id also says the step's place modulo this, counted from the first base, wherever genes begin; null: it does
    not. With 3 a network need not learn to count codons, only in which frame they are; with the length of windows of
    equal length it knows every place."""
    window: Annotated[int, Field(ge=16, le=1_000_000)]
    """Bases that a network reads at once; a longer sequence is cut. In training the pieces overlap by half."""
    context: Annotated[int, Field(ge=0)]
    """Bases at both ends of a piece that are read there and answered by its neighbours."""
    reverse_complement: bool
    """Whether every training example is learned from both strands."""

    @model_validator(mode="after")
    def _settings_agree(self) -> "DnaParams":
        problems = []
        if 2 * self.context >= self.window:
            rule, what_to_do = f"context: less than half of window, {self.window}", "lower it"
            problems.append(f"{rule} (got {self.context}); {what_to_do}")
        if self.split.method != "given":
            problems += problems_of_shares(self.split.validation, self.split.test)
        if self.split.method == "region" and len(set(self.split.order)) < 3:
            problems.append(f"split.order: each part once (got {self.split.order}); correct it")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @model_validator(mode="after")
    def _windows_have_one_strand_and_no_order(self) -> "DnaParams":
        if self.format == "windows" and self.reverse_complement:
            rule = "reverse_complement: the class of a window holds for one strand"
            raise ValueError(f"{rule} (got True); set it to false, or set format: genes")
        if self.format == "windows" and self.split.method == "region":
            rule = "split.method: windows have no order along a genome"
            raise ValueError(f"{rule} (got 'region'); set sequence or given")
        return self


PARAMS = DnaParams
