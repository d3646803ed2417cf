"""DNA: what networks say of long sequences, of the user's own, and through the whole task."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dna_params import dna_params
from torch import nn

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import BUILDERS
from pipeline.networks.bundle import Bundle
from pipeline.networks.tagger import Tagger
from pipeline.report.applications import part
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import load
from pipeline.tasks.dna.data import SOURCE
from pipeline.tasks.dna.data.bases import LABELS, UNK, calls, ids_of, reverse_complement, runs, step_ids, vocabulary
from pipeline.tasks.dna.data.gff import coding_parts
from pipeline.tasks.dna.data.hmm import gene_model
from pipeline.tasks.dna.data.pieces import Stretch, evaluation_split, regions, training_split
from pipeline.tasks.dna.data.study import agreement
from pipeline.tasks.dna.report import REPORT
from pipeline.tasks.dna.task import PIECES_AT_A_TIME, probabilities, streamed


class Posterior(nn.Module):
    """The gene model as a network: what the best tagger would say."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.ones(()))

    def forward(self, inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        found = gene_model().posterior([ids[:n].numpy() for ids, n in zip(inputs, lengths.tolist(), strict=True)])
        padded = nn.utils.rnn.pad_sequence([torch.from_numpy(of) for of in found], batch_first=True)
        return padded.clamp_min(1e-12).log() * self.sharpness


def bundle_of(model: Any, **changes: Any) -> TaskBundle:
    """The bundle of an untrained network."""
    params = dna_params(**changes)
    kind, classes = ("classifier", ["x", "y"]) if params.format == "windows" else ("tagger", list(LABELS))
    sizes = {"vocabulary_size": vocabulary(params.kmer, params.period).size, "num_classes": len(classes)}
    network = BUILDERS[kind](model, seed=2, **sizes)
    owner = TaskBundle.owner("dna", params, classes)
    return TaskBundle(
        Bundle(network, kind, sizes, model, 2, owner), "dna", params, classes, vocabulary(params.kmer, params.period)
    )


@pytest.mark.parametrize("bidirectional", [False, True])
def test_pieces_with_context_say_what_the_whole_sequence_does_in_bounded_memory(model, bidirectional):
    network = bundle_of(model("lstm", bidirectional=bidirectional)).trained.network
    ids = np.random.default_rng(5).integers(2, 6, 30_011)
    sizes = []
    network.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].numel()))
    found = list(streamed(network, ids, window=256, context=96))
    (whole,) = probabilities(network, Split([ids], [np.zeros(len(ids), np.int64)]), 1)
    assert [start for start, _ in found] == np.cumsum([0, *(len(of) for _, of in found)])[:-1].tolist()
    np.testing.assert_allclose(np.concatenate([of for _, of in found]), whole, atol=1e-6)
    assert max(sizes[:-1]) <= PIECES_AT_A_TIME * 256
    without_context = np.concatenate([of for _, of in streamed(network, ids, window=64, context=0)])
    assert abs(without_context - whole).max() > 1e-3


def test_the_gene_model_as_a_network_scores_the_optimum():
    params = dna_params(sequences=30, window=512)
    examples = SOURCE.read(params)
    task, split = load("dna", params), examples.splits["test"]
    answers = task.answer(params, Posterior(), split)
    (optimum,) = (row for row in SOURCE.baselines(params, examples) if row.kind == "optimum")
    measured = task.measure(params, examples, split, answers)
    assert {name: m.value for name, m in measured.items()} == {
        name: m.value for name, m in optimum.scores["test"].items()
    }
    assert optimum.scores["test"]["mcc"].value > 0.8
    found = agreement(split, answers, lambda turned: task.answer(params, Posterior(), turned), params)
    assert found["same_label"] > 0.999  # ties are broken the other way
    assert found["bases"] == sum(split.lengths)


def test_generated_baselines_fall_behind_the_optimum():
    params = dna_params(sequences=100, window=512)
    rows = SOURCE.baselines(params, SOURCE.read(params))
    mcc = [row.scores["test"]["mcc"].value for row in rows]
    assert mcc[0] == 0
    assert mcc[0] < mcc[1] < mcc[2]


def test_examples_come_back_from_their_files(tmp_path: Path):
    examples = SOURCE.read(dna_params(sequences=20, window=100, reverse_complement=True))
    examples.save(tmp_path)
    again = Examples.load(tmp_path)
    assert [r.name for r in regions(again.splits["test"])] == [r.name for r in regions(examples.splits["test"])]
    for name, split in examples.splits.items():
        assert again.splits[name].notes == split.notes
        assert all(np.array_equal(a, b) for a, b in zip(again.splits[name].targets, split.targets, strict=True))


def test_the_study_is_json_and_its_tables_count_bases(model):
    params = dna_params(sequences=20, window=512)
    examples, bundle = SOURCE.read(params), bundle_of(model("gru", bidirectional=True), window=512)
    task, network, test = load("dna", params), bundle.trained.network, examples.splits["test"]
    study = task.study(params, examples, network, task.answer(params, network, test))
    json.dumps([study.tables, study.details], allow_nan=False)
    assert sum(row["n"] for row in study.tables["label"]) == sum(test.lengths)
    assert study.tables["from_left"][0]["n"] == study.tables["from_right"][0]["n"]
    assert {len(column) for column in study.predictions.values()} == {len(test)}
    study.figures["track.png"]()


def test_the_report_has_the_distances_of_every_model_and_none_for_windows():
    rows = {"label": [], "from_left": [{"from_left": "0-2", "n": 9, "sensitivity": 0.5}], "from_right": []}
    measure = {"value": 0.5, "low": 0.4, "high": 0.6}
    scores = {"validation": {"mcc": measure}, "test": {"mcc": measure}, "shape": "many-to-many, equal"}
    genes = {**scores, "tables": rows, "details": {"other_strand": {"same_label": 0.25, "bases": 9}}}
    windows = {**scores, "tables": {}, "details": {}}
    about = {"splits": {name: {"examples": 3} for name in ("train", "validation", "test")}}

    def blocks(found: dict[str, Any]) -> str:
        models = [TaskModelResults("gru", {1: found}), TaskModelResults("lstm", {1: found})]
        return str(part(TaskResults("dna", about, {}, [], models), REPORT, {}).blocks)

    assert "0-2" in blocks(genes)
    assert "gru 25.0 %, lstm 25.0 %" in blocks(genes)
    assert "Distance from the ends" not in blocks(windows)


@pytest.mark.slow
def test_a_tagger_learns_genes(model):
    """Two passes over few sequences: not much, but more than chance."""
    params = dna_params(sequences=60, window=512, epochs=4, batch_size=8)
    examples = SOURCE.read(params)
    network = BUILDERS["tagger"](
        model("gru", bidirectional=True, hidden_size=32), seed=1, vocabulary_size=6, num_classes=7
    )
    task = load("dna", params)
    objective = task.objective(params, examples, network, 1)
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    before = objective.validate(network).loss
    for batch in objective.batches(0):
        loss, _ = objective.loss(network, batch, None)
        optimiser.zero_grad()
        (loss / objective.num_targets(batch)).backward()
        optimiser.step()
    assert objective.validate(network).loss < 0.95 * before


def test_predictions_are_gff3_of_the_called_genes(model):
    bundle = bundle_of(model("lstm", bidirectional=True), window=200, context=90)
    rng = np.random.default_rng(0)
    bases = "".join(rng.choice(list("ACGT"), 300))
    lines = [">one", bases[:100], bases[100:], ">two", "NNNN"]
    network = bundle.trained.network
    assert isinstance(network, Tagger)
    with torch.no_grad():
        network.readout.bias[0] -= 2.0  # so that some bases code
    one, two = load("dna", bundle.params).predict(bundle, lines, "a.fa")
    assert one.shown.splitlines()[:2] == ["##gff-version 3", "##sequence-region one 1 300"]
    assert two.shown.splitlines()[0] == "##sequence-region two 1 4"
    (whole,) = probabilities(network, Split([ids_of(bases, "")], [np.zeros(300, np.int64)]), 1)
    parts = coding_parts(one.shown.splitlines(), "")
    assert [(p.start, p.end, p.strand) for p in parts] == runs(calls(whole))
    assert one.fields["genes"][0]["start"] == parts[0].start + 1
    for gene in parts:
        classes = slice(1, 4) if gene.strand == 1 else slice(4, 7)
        score = whole[gene.start : gene.end, classes].sum(1).mean()
        shown = next(g for g in one.fields["genes"] if g["start"] == gene.start + 1)
        assert shown["probability"] == pytest.approx(score, abs=1e-4)


def test_windows_are_given_a_class_each(model):
    split = {"method": "sequence", "validation": 0.2, "test": 0.2, "seed": 1}
    bundle = bundle_of(model("rnn"), format="windows", split=split)
    task = load("dna", bundle.params)
    assert (task.shape, task.kind) == ("many-to-one", "classifier")
    first, second = task.predict(bundle, ["ACGT", "", "acgn"], "input")
    assert first.fields["sequence"] == "sequence1"
    assert sum(first.fields["probabilities"].values()) == pytest.approx(1)
    assert second.shown.split("\t")[1] in {"x", "y"}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["ACGT", "", "AC-T"], r"input: line 3: bases are .* \(got '-' at place 3\)"),
        ([">a", "AC", "AéC"], r"input: line 3: bases are .* \(got 'é' at place 2\)"),
        ([">a", ">a"], "input: line 2: each entry has a name of its own"),
        ([">", "A"], "input: line 1: each entry has a name of its own"),
        ([">a", ">b", "A"], r"input: line 1: a has bases \(got none\)"),
    ],
)
def test_bad_bases_are_one_sentence(model, lines, sentence):
    bundle = bundle_of(model("rnn"))
    with pytest.raises(PipelineError, match=sentence):
        list(load("dna", bundle.params).predict(bundle, lines, "input"))


@pytest.mark.parametrize(("kmer", "period"), [(1, None), (3, None), (3, 3), (5, 12)])
def test_agreement_asks_the_network_for_the_other_strand(kmer, period):
    ids, asked = ids_of("ACGTTNGA", ""), []
    params = dna_params(kmer=kmer, period=period)
    split = evaluation_split([Stretch("g", 0, ids, np.array([0, 1, 2, 3, -1, 0, 0, 0]))], params)
    flat = np.full((8, 7), 1 / 7)
    agreement(split, [flat], lambda turned: asked.append(turned) or [flat], params)
    np.testing.assert_array_equal(asked[0].inputs[0], step_ids(reverse_complement(ids), kmer, period))
    assert asked[0].targets[0].tolist() == [0, 0, 0, -1, 6, 5, 4, 0]


def test_pieces_are_read_with_the_bases_around_them():
    ids = np.random.default_rng(1).integers(2, 6, 40)
    split = training_split([Stretch("g", 0, ids, np.zeros(40, np.int64))], dna_params(kmer=3, period=3))
    assert UNK not in split.inputs[1]
    np.testing.assert_array_equal(split.inputs[1], step_ids(ids, 3, 3)[8:24])
    np.testing.assert_array_equal(regions(split)[0].ids, ids)
