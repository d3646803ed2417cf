"""DNA: the gene model, repeats, pieces, open reading frames and scores, each against something independent."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from dna_params import dna_params
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, precision_score, recall_score

from pipeline.tasks.dna.data.bases import (
    calls,
    ids_of,
    letters,
    reverse_complement,
    reverse_probabilities,
    reversed_labels,
    runs,
)
from pipeline.tasks.dna.data.codons import CODONS, sense_codons
from pipeline.tasks.dna.data.features import labels_of
from pipeline.tasks.dna.data.generated import generated_parts
from pipeline.tasks.dna.data.hmm import GeneModel, gene_model
from pipeline.tasks.dna.data.orfs import labels_by_frames, open_frames
from pipeline.tasks.dna.data.pieces import Stretch, evaluation_split, overlapping, regions, training_split, with_context
from pipeline.tasks.dna.data.repeats import copied
from pipeline.tasks.dna.data.scores import C, counts, counts_of_answers, measures
from pipeline.tasks.dna.data.window_scores import correlation
from pipeline.tokens.windows import IGNORED

BASES = st.text("ACGTN", min_size=1, max_size=40)


@given(BASES)
def test_the_complement_of_the_complement_is_the_sequence(bases):
    from Bio.Seq import Seq

    ids = ids_of(bases, "")
    assert letters(reverse_complement(ids)) == str(Seq(bases).reverse_complement())
    np.testing.assert_array_equal(reverse_complement(reverse_complement(ids)), ids)


def test_labels_of_the_other_strand_are_those_of_its_genes():
    labels = labels_of(12, [[(1, 7, 1, 0)], [(7, 10, -1, 0)]])
    np.testing.assert_array_equal(reversed_labels(labels), labels_of(12, [[(5, 11, -1, 0)], [(2, 5, 1, 0)]]))
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), 12)
    np.testing.assert_array_equal(calls(reverse_probabilities(probabilities)), reversed_labels(calls(probabilities)))


def paths(model: GeneModel, ids: np.ndarray) -> Iterator[tuple[float, list[int]]]:
    """The probability of every path of states that emits the ids."""
    emitting = [[s for s in range(len(model.start)) if i < 2 or model.bases[s] == i] for i in ids]
    found = [(model.start[s], [s]) for s in emitting[0]]
    for states in emitting[1:]:
        found = [(p * q, [*way, s]) for p, way in found for s in states if (q := model.transitions[way[-1], s])]
    yield from found


@pytest.mark.parametrize("bases", ["A", "TCA", "ATGC", "GNTA", "TTACG"])
def test_the_posterior_is_that_of_all_paths(bases):
    model, ids = gene_model(), ids_of(bases, "")
    by_hand = np.zeros((len(ids), C))
    for p, way in paths(model, ids):
        by_hand[np.arange(len(ids)), model.labels[way]] += p
    by_hand /= by_hand.sum(1, keepdims=True)
    others = [ids_of("ACGTACGTA", ""), ids, ids_of("GG", "")]  # padding and neighbours change nothing
    np.testing.assert_allclose(model.posterior(others)[1], by_hand, atol=1e-12)


def test_the_model_of_genes_is_the_same_on_both_strands():
    ids = generated_parts(1)["test"][0].ids
    here, there = gene_model().posterior([ids, reverse_complement(ids)])
    np.testing.assert_allclose(reverse_probabilities(there), here, atol=1e-9)


def test_generated_genes_begin_with_atg_end_with_a_stop_and_have_real_codons():
    used = np.zeros(64)
    for stretch in generated_parts(200)["train"]:
        for start, end, strand in runs(stretch.labels):
            gene, labels = stretch.ids[start:end], stretch.labels[start:end]
            if strand == -1:
                gene, labels = reverse_complement(gene), reversed_labels(labels)
            np.testing.assert_array_equal(np.diff(labels) % 3, 1)
            text = letters(gene)
            if start > 0 and end < len(stretch.ids):
                codons = [text[i : i + 3] for i in range(0, len(text), 3)]
                assert codons[0] == "ATG"
                assert codons[-1] in {"TAA", "TAG", "TGA"}
                used += np.bincount([CODONS.index(codon) for codon in codons[1:-1]], minlength=64)
    assert used[[CODONS.index(stop) for stop in ("TAA", "TAG", "TGA")]].sum() == 0
    assert abs(used / used.sum() - sense_codons()).max() < 0.01


def by_brute_force(sequence: str, others: list[str], length: int) -> list[bool]:
    known = {
        strand[i : i + length]
        for other in others
        for strand in (other, letters(reverse_complement(ids_of(other, ""))))
        for i in range(len(strand) - length + 1)
    }
    is_copied = [False] * len(sequence)
    for i in range(len(sequence) - length + 1):
        if sequence[i : i + length] in known:
            is_copied[i : i + length] = [True] * length
    return is_copied


@given(st.lists(BASES, min_size=1, max_size=4), st.lists(BASES, min_size=0, max_size=4), st.integers(1, 9))
def test_copies_are_those_of_brute_force(sequences, others, length):
    found = copied([ids_of(s, "") for s in sequences], [ids_of(o, "") for o in others], length)
    assert [of.tolist() for of in found] == [by_brute_force(s, others, length) for s in sequences]


@given(st.integers(1, 70), st.integers(5, 20), st.integers(0, 2))
def test_every_base_is_in_one_core_with_context_on_both_sides(length, window, context):
    pieces = list(with_context(length, window, context))
    places = [at for piece in pieces for at in range(piece.core_start, piece.core_end)]
    assert places == list(range(length))
    for piece in pieces:
        assert piece.end - piece.start <= window
        assert piece.core_start - piece.start >= context or piece.start == 0
        assert piece.end - piece.core_end >= context or piece.end == length


@given(st.integers(1, 70), st.integers(5, 20))
def test_training_pieces_cover_the_sequence_and_overlap(length, window):
    pieces = list(overlapping(length, window))
    assert pieces[0].start == 0
    assert pieces[-1].end == length
    assert all(b.start - a.start <= window // 2 for a, b in itertools.pairwise(pieces))


@pytest.mark.parametrize("length", [9, 16, 17, 50])
def test_regions_are_what_a_split_was_cut_from(length):
    rng = np.random.default_rng(length)
    stretch = Stretch("g", 7, rng.integers(2, 6, length), rng.integers(0, 7, length))
    for split in (evaluation_split([stretch], dna_params()), training_split([stretch], dna_params())):
        (region,) = regions(split)
        assert (region.name, region.start) == ("g", 7)
        np.testing.assert_array_equal(region.ids, stretch.ids)
        np.testing.assert_array_equal(region.labels, stretch.labels)


def test_the_other_strand_of_a_training_piece_has_its_labels():
    stretch = Stretch("g", 0, ids_of("CATGAAATAG", ""), labels_of(10, [[(1, 10, 1, 0)]]))
    split = training_split([stretch], dna_params(reverse_complement=True))
    assert [letters(ids) for ids in split.inputs] == ["CATGAAATAG", "CTATTTCATG"]
    np.testing.assert_array_equal(split.targets[1], labels_of(10, [[(0, 9, -1, 0)]]))
    assert len(regions(split)) == 1


def frames_by_hand(bases: str) -> set[tuple[int, int]]:
    """Stretches of codons of the strand + without a stop before their end, from ATG or from the border."""
    found = set()
    for frame in range(3):
        codons = [bases[i : i + 3] for i in range(frame, len(bases) - 2, 3)]
        start = 0 if codons else None
        for i, codon in enumerate(codons):
            at = frame + 3 * i
            start = at if start is None and codon == "ATG" else start
            if codon in {"TAA", "TAG", "TGA"}:
                found |= {(start, at + 3)} if start is not None else set()
                start = None
        found |= {(start, len(bases))} if start is not None else set()
    return found


@given(st.lists(st.sampled_from(["ATG", "TAA", "TGA", "A", "C", "GG", "CAT"]), min_size=1, max_size=25).map("".join))
def test_open_reading_frames_are_those_of_a_walk(bases):
    plus = {(start, end) for start, end, strand, _ in open_frames(ids_of(bases, "")) if strand == 1}
    assert plus == frames_by_hand(bases)


def test_the_longest_open_frame_counts_and_short_ones_do_not():
    labels = labels_by_frames(20, [(0, 12, 1, 0), (6, 15, -1, 0), (16, 19, 1, 0)], 6)
    assert labels.tolist() == [1, 2, 3] * 4 + [6, 5, 4][:3] + [0] * 5


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(3)
    stretches = [Stretch(f"g{i}", 0, rng.integers(2, 6, 40), rng.integers(-1, 7, 40)) for i in range(5)]
    split = evaluation_split(stretches, dna_params())
    found = regions(split)
    called = [np.where(rng.random(40) < 0.5, rng.integers(0, 7, 40), stretch.labels.clip(0)) for stretch in stretches]
    got = {name: measure.value for name, measure in measures(counts(split, found, called)).items()}
    true = np.concatenate([stretch.labels for stretch in stretches])
    said, true = np.concatenate(called)[true != IGNORED], true[true != IGNORED]
    assert got["mcc"] == pytest.approx(matthews_corrcoef(true > 0, said > 0))
    assert got["f1"] == pytest.approx(f1_score(true > 0, said > 0))
    assert got["sensitivity"] == pytest.approx(recall_score(true > 0, said > 0))
    assert got["precision"] == pytest.approx(precision_score(true > 0, said > 0))
    assert got["accuracy"] == pytest.approx(accuracy_score(true, said))
    assert got["macro_f1"] == pytest.approx(f1_score(true, said, average="macro"))


def test_an_exon_is_right_where_start_end_and_strand_are_and_counts_once_across_pieces():
    labels = labels_of(60, [[(3, 33, 1, 0)], [(40, 46, -1, 0)], [(50, 56, 1, 0)]])
    called = labels_of(60, [[(3, 33, 1, 1)], [(40, 46, 1, 0)], [(50, 57, 1, 0)]])
    split = evaluation_split([Stretch("g", 0, np.full(60, 2), labels)], dna_params())
    pieces = [called[start : start + len(ids)] for start, ids in zip(split.notes["start"], split.inputs, strict=True)]
    assert counts_of_answers(split, pieces)[:, C * C :].sum(0).tolist() == [3, 3, 1]
    masked = np.where(np.arange(60) >= 56, IGNORED, labels)  # the last exon may go on there
    split = evaluation_split([Stretch("g", 0, np.full(60, 2), masked)], dna_params())
    assert counts_of_answers(split, pieces)[:, C * C :].sum(0).tolist() == [2, 2, 1]


def test_scores_of_windows_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    true, said = rng.integers(0, 3, 50), rng.integers(0, 3, 50)
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (true, said), 1)
    assert correlation(matrix) == pytest.approx(matthews_corrcoef(true, said))
