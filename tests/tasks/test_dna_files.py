"""DNA: genomes and windows from files, their parts, and what is said where they are wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqFeature import CompoundLocation, FeatureLocation, SeqFeature
from Bio.SeqRecord import SeqRecord
from dna_params import dna_params
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.errors import PipelineError
from pipeline.tasks.dna.data import SOURCE
from pipeline.tasks.dna.data.bases import ids_of, letters, reverse_complement
from pipeline.tasks.dna.data.fasta import fasta_entries, named_sequences
from pipeline.tasks.dna.data.features import labels_of
from pipeline.tasks.dna.data.files import read_genomes
from pipeline.tasks.dna.data.gff import CodingPart, coding_parts, feature_line
from pipeline.tasks.dna.data.parts import parts_of
from pipeline.tokens.windows import IGNORED

SEQUENCE_SPLIT = {"method": "sequence", "validation": 0.3, "test": 0.3, "seed": 1}
GIVEN_SPLIT = {"method": "given"}


def drawn(length: int, seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


Spans = list[tuple[int, int, int]]
GENES: list[tuple[Spans, int]] = [  # in the order of reading, and codon_start
    ([(3, 33, 1)], 1),
    ([(40, 50, 1), (60, 71, 1)], 1),
    ([(100, 108, -1), (80, 90, -1)], 1),
    ([(120, 131, 1)], 3),
    ([(140, 150, -1)], 2),
]


def feature(spans: Spans, start: int) -> SeqFeature:
    parts = [FeatureLocation(*span) for span in spans]
    location = parts[0] if len(parts) == 1 else CompoundLocation(parts)
    return SeqFeature(location, type="CDS", qualifiers={"codon_start": [str(start)]})


def record() -> SeqRecord:
    features = [feature(*gene) for gene in GENES]
    return SeqRecord(Seq(drawn(160, 1)), "g1", "g1", "", features=features, annotations={"molecule_type": "DNA"})


def test_labels_of_genbank_are_those_of_the_codons_in_the_order_of_reading(tmp_path):
    SeqIO.write([record()], tmp_path / "a.gb", "genbank")
    (genome,) = read_genomes(tmp_path)
    assert letters(genome.ids) == str(record().seq)
    coding = np.zeros(160, bool)
    for spans, start in GENES:
        places = [at for a, b, strand in spans for at in list(range(a, b))[::strand]]
        labels = genome.labels[places]
        assert ((labels - 1) % 3).tolist() == [(i - start + 1) % 3 for i in range(len(places))]
        assert ((labels > 3) == (spans[0][2] == -1)).all()
        assert feature(spans, start).extract(record().seq) == "".join(
            letters(genome.ids[[at]] if spans[0][2] == 1 else reverse_complement(genome.ids[[at]])) for at in places
        )
        coding[places] = True
    np.testing.assert_array_equal(genome.labels > 0, coding)


def gff_of(name: str) -> str:
    """The same features in GFF3, where parts are in the order of places, each with its phase."""
    lines = ["##gff-version 3", f"{name}\t.\tgene\t1\t9\t.\t+\t.\tID=x"]
    for number, (spans, codon_start) in enumerate(GENES):
        phase = codon_start - 1
        for start, end, strand in spans:
            sign = "+" if strand == 1 else "-"
            lines.append(f"{name}\t.\tCDS\t{start + 1}\t{end}\t.\t{sign}\t{phase}\tID=c{number}")
            phase = (phase - (end - start)) % 3
    return "\n".join([*lines[:2], *sorted(lines[2:]), "##FASTA", ">junk"])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_fasta_with_gff3_has_the_labels_of_genbank(tmp_path, end):
    SeqIO.write([record()], tmp_path / "a.gb", "genbank")
    text = f"\ufeff>g1 of a test\n{str(record().seq)[:100].lower()}\n{str(record().seq)[100:]}\n"
    (tmp_path / "b.fa").write_text(text.replace("\n", end), encoding="utf-8", newline="")
    (tmp_path / "b.gff3").write_text(gff_of("g1").replace("\n", end), encoding="utf-8", newline="")
    genbank, fasta = read_genomes(tmp_path)
    np.testing.assert_array_equal(genbank.ids, fasta.ids)
    np.testing.assert_array_equal(genbank.labels, fasta.labels)


def test_a_base_in_two_genes_has_the_label_of_the_longer_one_and_of_equal_ones_of_the_first():
    assert labels_of(5, [[(0, 3, 1, 0)], [(2, 4, -1, 0)]]).tolist() == [1, 2, 3, 4, 0]
    assert labels_of(3, [[(0, 3, 1, 0)], [(0, 3, -1, 0)]]).tolist() == [1, 2, 3]


def test_a_long_copy_on_the_other_strand_is_not_scored(tmp_path):
    """The last 700 bases are the reverse complement of 700 bases of the training part."""
    front = drawn(3000, 2)
    text = front + str(Seq(front[1000:1700]).reverse_complement())
    SeqIO.write(
        [SeqRecord(Seq(text), "g", "g", "", annotations={"molecule_type": "DNA"})], tmp_path / "g.gb", "genbank"
    )
    split = {"method": "region", "order": ["train", "validation", "test"], "validation": 0.1, "test": 0.3}
    params = dna_params(path=str(tmp_path), split=split, window=400, context=100)
    (test,) = parts_of(read_genomes(tmp_path), params)["test"]
    np.testing.assert_array_equal(test.labels == IGNORED, np.arange(test.start, 3700) >= 3000)
    held_out = SOURCE.read(params).splits["test"]
    assert sum(int((target != IGNORED).sum()) for target in held_out.targets) == 3000 - test.start


def test_equal_sequences_of_either_strand_are_in_one_part_and_once(tmp_path):
    texts = [drawn(30, i) for i in range(40)]
    texts += [str(Seq(text).reverse_complement()) for text in texts[:20]] + texts[20:]
    (tmp_path / "a.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(texts)), encoding="utf-8")
    (tmp_path / "a.gff3").write_text("s0\t.\tCDS\t1\t9\t.\t+\t0\t.\n", encoding="utf-8")
    parts = parts_of(read_genomes(tmp_path), dna_params(path=str(tmp_path), split=SEQUENCE_SPLIT))
    both = [
        {letters(strand) for s in stretches for strand in (s.ids, reverse_complement(s.ids))}
        for stretches in parts.values()
    ]
    assert not both[0] & both[1] | both[0] & both[2] | both[1] & both[2]
    assert sum(map(len, parts.values())) == 40


WINDOWS = "label, name, sequence\n" + "".join(f"{'AB'[i % 2]},w{i},{drawn(20, i)}\n" for i in range(60))


def test_equal_windows_are_one_example_and_those_of_two_classes_none(tmp_path):
    again, other = drawn(20, 0), drawn(20, 2)
    (tmp_path / "w.csv").write_text(f"{WINDOWS}A,x, {again.lower()}\nB,y,{other}\n", encoding="utf-8")
    examples = SOURCE.read(dna_params(path=str(tmp_path), format="windows", split=SEQUENCE_SPLIT))
    bases = [text for split in examples.splits.values() for text in split.notes["bases"]]
    assert examples.classes == ["A", "B"]
    assert len(set(bases)) == len(bases) == 59
    assert again in bases
    assert other not in bases


WRONG: Mapping[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no path": ({}, {"path": "nowhere"}, r"tasks\.dna\.path: a file or folder that is there \(got 'nowhere'\)"),
    "no file": ({"a.txt": "x"}, {}, "sequences in files that end with"),
    "no entry": ({"a.fa": "\n", "a.gff": ""}, {}, r"a\.fa: at least one sequence"),
    "no genes": ({"a.fa": ">a\nACGT"}, {}, r"a\.fa: one file a\.gff3 or a\.gff .* \(got 0\)"),
    "empty entry": ({"a.fa": ">a\n>b\nACGT", "a.gff": ""}, {}, r"a\.fa: line 1: a has bases \(got none\)"),
    "a wrong base": (
        {"a.fa": ">a\nACGT\nACQT", "a.gff": ""},
        {},
        r"a\.fa: line 3: bases are .* \(got 'Q' at place 3\)",
    ),
    "no name": ({"a.fa": "ACGT", "a.gff": ""}, {}, r"a\.fa: line 1: a FASTA entry begins with >"),
    "a name twice": ({"a.fa": ">a\nA\n>a\nA", "a.gff": ""}, {}, r"a\.fa: line 3: each entry has a name of its own"),
    "columns": ({"a.fa": ">a\nA", "a.gff": "a CDS 1 2"}, {}, r"a\.gff: line 1: 9 columns of GFF3 \(got 1\)"),
    "beyond": ({"a.fa": ">a\nA", "a.gff": "a\t.\tCDS\t1\t2\t.\t+\t0\t."}, {}, r"line 1: features within the 1 bases"),
    "backwards": ({"a.fa": ">a\nA", "a.gff": "a\t.\tCDS\t3\t2\t.\t+\t0\t."}, {}, "start and end of a feature"),
    "strand": ({"a.fa": ">a\nA", "a.gff": "#\na\t.\tCDS\t1\t1\t.\t.\t0\t."}, {}, r"line 2: a CDS has strand \+ or -"),
    "phase": ({"a.fa": ">a\nA", "a.gff": "a\t.\tCDS\t1\t1\t.\t+\t.\t."}, {}, r"line 1: a CDS has phase 0, 1 or 2"),
    "no sequence": ({"a.fa": ">a\nA", "a.gff": "b\t.\tCDS\t1\t1\t.\t+\t0\t."}, {}, r"line 1: sequences that a\.fa has"),
    "not GenBank": ({"a.gb": "LOCUS what\nFEATURES"}, {}, r"a\.gb: "),
    "no part": ({"a.fa": ">a\nACGT", "a.gff": ""}, {"split": SEQUENCE_SPLIT}, r"bases in the \w+ part \(got none\)"),
    "no such part": ({"a.fa": ">a\nACGT", "a.gff": ""}, {"split": GIVEN_SPLIT}, r"files named train, validation, test"),
    "copies alone": (
        {"a.fa": f">a\n{drawn(600, 3) * 3}", "a.gff": ""},
        {"split": {"method": "region", "order": ["train", "validation", "test"], "validation": 0.33, "test": 0.33}},
        "is in no copy of 500 bases or more",
    ),
    "no columns": (
        {"w.csv": "bases,label\n"},
        {"format": "windows"},
        r"w\.csv: line 1: columns .* \(got no sequence\)",
    ),
    "cells": ({"w.csv": "sequence,label\nA\n"}, {"format": "windows"}, r"w\.csv: line 2: 2 cells"),
    "no label": ({"w.csv": "sequence,label\nA, \n"}, {"format": "windows"}, r"w\.csv: line 2: bases and a label"),
    "wrong window": ({"w.csv": "sequence,label\n\nA!,x\n"}, {"format": "windows"}, r"w\.csv: line 3: bases are"),
    "one class": ({"w.csv": "sequence,label\nACG,x\n"}, {"format": "windows"}, "two classes or more"),
    "new class": (
        {
            "train.csv": "sequence,label\nA,x\nC,y\n",
            "validation.csv": "sequence,label\nG,z",
            "test.csv": "sequence,label\nT,x",
        },
        {"format": "windows", "split": GIVEN_SPLIT},
        r"classes of the validation part .* \(got z\)",
    ),
    "no windows": (
        {"train.csv": "sequence,label\nA,x\nC,y\n", "test.csv": "sequence,label\nT,x"},
        {"format": "windows", "split": GIVEN_SPLIT},
        r"windows in the validation part \(got none\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, name: str):
    files, changes, sentence = WRONG[name]
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    if changes.get("format") == "windows":
        changes = {"split": SEQUENCE_SPLIT, **changes}
    with pytest.raises(PipelineError, match=sentence) as error:
        SOURCE.read(dna_params(**{"path": str(tmp_path), **changes}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"context": 8}, "context: less than half of window"),
        ({"format": "windows", "split": SEQUENCE_SPLIT, "reverse_complement": True}, "reverse_complement: "),
        ({"format": "windows"}, "split.method: windows have no order"),
        ({"split": {**SEQUENCE_SPLIT, "test": 0.8}}, "split: validation and test leave a share to train"),
        ({"split": {"method": "region", "order": ["test"] * 3, "validation": 0.1, "test": 0.1}}, "split.order: "),
    ],
)
def test_params_that_disagree_are_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        dna_params(**changes)


@given(st.text())
def test_readers_read_or_say_what_is_wrong(text):
    said = []
    for read in (fasta_entries, named_sequences, coding_parts):
        try:
            list(read(text.splitlines(), "input"))
        except PipelineError as error:
            said.append(str(error))
    assert all(sentence.startswith("input: line ") for sentence in said)


@given(st.text("ACGTNacgtu", min_size=1))
def test_fasta_gives_back_its_bases(bases):
    lines = [">one of them", *(bases[i : i + 7] for i in range(0, len(bases), 7)), "", ">two", bases]
    assert list(fasta_entries(lines, "")) == [("one", bases), ("two", bases)]
    np.testing.assert_array_equal(ids_of(bases, ""), ids_of(bases.upper().replace("U", "T"), ""))


@given(st.text(min_size=1), st.integers(0, 99), st.integers(1, 99), st.sampled_from([1, -1]), st.integers(0, 2))
def test_gff3_gives_back_what_was_written(name, start, length, strand, phase):
    part = CodingPart(name, start, start + length, strand, phase, "cds1", 1)
    assert coding_parts([feature_line(part, 0.5)], "") == [part]
