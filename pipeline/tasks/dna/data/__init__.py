"""The examples of the task: genes generated or from files, or windows with a class."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples
from pipeline.tasks.dna.data.baselines import baselines_of_genes
from pipeline.tasks.dna.data.bases import LABELS, vocabulary
from pipeline.tasks.dna.data.figures import first_bases, track
from pipeline.tasks.dna.data.files import read_genomes
from pipeline.tasks.dna.data.generated import generated_parts
from pipeline.tasks.dna.data.parts import parts_of
from pipeline.tasks.dna.data.pieces import evaluation_split, regions, training_split
from pipeline.tasks.dna.data.window_baselines import baselines_of_windows
from pipeline.tasks.dna.data.windows import read_windows
from pipeline.tasks.dna.params import DnaParams
from pipeline.tasks.figures import lengths_and_classes
from pipeline.tasks.source import Baseline, Source


def _read(params: DnaParams) -> Examples:
    if params.path is None:
        if params.format == "windows":
            what_to_do = "name it, or set format: genes"
            raise PipelineError("params.yaml: tasks.dna.path", "a file for format windows", None, what_to_do)
        parts = generated_parts(params.sequences)
    elif not Path(params.path).exists():
        rule = "a file or folder that is there"
        raise PipelineError("params.yaml: tasks.dna.path", rule, repr(params.path), "correct it")
    elif params.format == "windows":
        return read_windows(Path(params.path), params)
    else:
        parts = parts_of(read_genomes(Path(params.path)), params)
    splits = {name: evaluation_split(stretches, params) for name, stretches in parts.items() if name != "train"}
    return Examples(
        {"train": training_split(parts["train"], params), **splits}, LABELS, vocabulary(params.kmer, params.period)
    )


def _baselines(params: DnaParams, examples: Examples) -> Sequence[Baseline]:
    of = baselines_of_windows if params.format == "windows" else baselines_of_genes
    return of(params, examples)


def _figure(params: DnaParams, examples: Examples) -> Figure:
    if params.format == "windows":
        return lengths_and_classes(params, examples)
    labels, borders = first_bases([region.labels for region in regions(examples.splits["train"])])
    return track([("genes", labels)], borders, "The first bases of the training part")


SOURCE = Source(_read, _baselines, _figure)
