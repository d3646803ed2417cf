from pathlib import Path

import pytest

from pipeline.base.artifacts import Record, write_json
from pipeline.base.params import RunParams
from pipeline.report import words
from pipeline.report.collect import LevelResults, collect


def level_of(folders: dict[str, Path], seeds: list[int], models: list[str] | None = None) -> LevelResults:
    run = RunParams(levels=["char"], models=models or ["rnn", "lstm", "bilstm"], seeds=seeds)
    return collect(folders, run, ["agreement"]).levels[0]


def change(folder: Path, metrics: dict[str, float]) -> None:
    old = Record.load(folder)
    Record(old.params, old.tags, {**old.metrics, **metrics}, old.history).save(folder)


def test_the_winner_is_ahead_of_the_floor_or_behind_it(folders: dict[str, Path], run: RunParams):
    char, word = collect(folders, run, ["agreement"]).levels
    assert "best network is lstm with 1.500" in words.verdict(char)
    assert "best n-gram (2-gram, 1.700) it is ahead by 0.200" in words.verdict(char)
    assert "best n-gram (2-gram, 1.700) it is behind by 0.100" in words.verdict(word)


def test_words_turn_when_the_numbers_turn(folders: dict[str, Path]):
    assert "lstm is 0.500 bits per character ahead of rnn" in words.ranking(level_of(folders, [1]))
    change(folders["train"] / "char-rnn-1", {"test/bits_per_char": 1.25})
    assert "rnn is 0.150 bits per character ahead of lstm" in words.ranking(level_of(folders, [1]))


def test_one_seed_is_said_to_prove_little(folders: dict[str, Path]):
    assert "With one seed" in words.ranking(level_of(folders, [1]))
    assert "overlap" not in words.ranking(level_of(folders, [1]))


def test_overlapping_intervals_are_named(folders: dict[str, Path]):
    # both half-widths are 1.27, the distance 0.5
    assert "rnn (the intervals overlap). Where two" in words.ranking(level_of(folders, [1, 2]))


def test_settled_rankings_are_named(folders: dict[str, Path]):
    for seed in (1, 2):
        change(folders["train"] / f"char-rnn-{seed}", {"test/bits_per_char": 9.0})
    assert words.ranking(level_of(folders, [1, 2])).endswith("No interval overlaps with that of the best.")


def test_a_single_network_is_ranked_against_none(folders: dict[str, Path]):
    assert words.ranking(level_of(folders, [1], ["rnn", "bilstm"])) == ""


def test_without_language_models_the_floor_stands_alone(folders: dict[str, Path]):
    assert words.verdict(level_of(folders, [1], ["bilstm"])).startswith("No language model is selected")


def test_the_cloze_model_is_said_to_be_incomparable(folders: dict[str, Path]):
    sentence = words.cloze(level_of(folders, [1, 2]))
    assert sentence.startswith("bilstm fills a gap at 0.900 pseudo bits per character.")
    assert "cannot be compared" in sentence


def test_budget_is_in_tokens_and_in_texts(folders: dict[str, Path]):
    assert "640 tokens, 3.2 times the training text" in words.budget(level_of(folders, [1]))  # of 200 tokens


def test_bands_are_explained_where_there_are_some(folders: dict[str, Path]):
    assert words.band(level_of(folders, [1])) == ""
    assert "lowest to the highest" in words.band(level_of(folders, [1, 2]))


@pytest.mark.parametrize(
    ("bits", "first"), [(1.8, "1.500 by lstm on characters and 1.800"), (0.5, "0.500 by lstm on words")]
)
def test_levels_are_ranked_by_their_best_network(folders: dict[str, Path], run: RunParams, bits: float, first: str):
    for seed in (1, 2):
        change(folders["train"] / f"word-lstm-{seed}", {"test/bits_per_char": bits})
    sentence = words.against(collect(folders, run, ["agreement"]))
    assert "1.00 characters for characters and 5.00 for words, so the same text is 5.0 times as many" in sentence
    assert f"The fewest bits per character of a network are {first}" in sentence


def test_the_text_is_described(folders: dict[str, Path], run: RunParams):
    assert "80% of 1,000 characters" in words.text(collect(folders, run, ["agreement"]))
    assert "3 models" in words.overview(collect(folders, run, ["agreement"]))
    write_json(folders["corpus"] / "corpus.json", {"unit": "line", "splits": {"train": {"characters": 7}}})
    assert "a text of 7 characters" in words.overview(collect(folders, run, ["agreement"]))
