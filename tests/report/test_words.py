import json
from pathlib import Path

import pytest

from pipeline.base.artifacts import Record, write_json
from pipeline.base.params import RunParams
from pipeline.report import words
from pipeline.report.collect import LevelResults, collect


def level_of(folders: dict[str, Path], seeds: list[int], models: list[str] | None = None) -> LevelResults:
    run = RunParams(levels=["char"], models=models or ["rnn", "lstm", "bilstm"], tasks=["agreement"], seeds=seeds)
    return collect(folders, run).levels[0]


def change(folder: Path, metrics: dict[str, float]) -> None:
    old = Record.load(folder)
    Record(old.params, old.tags, {**old.metrics, **metrics}, old.history).save(folder)


def test_the_winner_is_ahead_of_the_floor_or_behind_it(folders: dict[str, Path], run: RunParams):
    char, word = collect(folders, run).levels
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


def test_a_mixture_is_said_to_be_ahead_of_what_it_is_ahead_of(folders: dict[str, Path]):
    """lstm costs 1.400 with seed 1, the 2-gram 1.700, each mixture log2 16/5 = 1.678."""
    sentence = words.mixture(level_of(folders, [1]))
    assert "chooses the weight of the 2-gram, here 0.50. The mixture reaches 1.678 bits per character" in sentence
    assert "0.022 less than the 2-gram alone, which is what the network knows and counts do not" in sentence
    assert "0.222 less than rnn alone, which is what counts know" in words.mixture(level_of(folders, [1], ["rnn"]))
    assert "and no less than lstm alone." in words.mixture(level_of(folders, [1], ["lstm"]))


def test_a_mixture_leaves_out_what_gives_no_probability_of_a_text(folders: dict[str, Path]):
    assert "A model that sees both sides has no such row" in words.mixture(level_of(folders, [1]))
    assert "both sides" not in words.mixture(level_of(folders, [1], ["rnn"]))


def test_adaptive_numbers_are_said_to_be_incomparable_with_what_was_chosen(folders: dict[str, Path]):
    sentence = words.adaptive(level_of(folders, [1, 2]))
    assert "these numbers do not compare with those of the other columns" in sentence
    assert sentence.endswith(
        "lstm reaches 1.125 bits per character (cache 0.12 of the whole, theta 0.4, both from the validation text)."
    )


def test_the_cloze_model_is_said_to_be_incomparable(folders: dict[str, Path]):
    sentence = words.cloze(level_of(folders, [1, 2]))
    assert sentence.startswith("bilstm fills a gap at 0.900 pseudo bits per character.")
    assert "cannot be compared" in sentence


def test_budget_is_in_tokens_and_in_texts(folders: dict[str, Path]):
    assert "640 tokens, 3.2 times the training text" in words.budget(level_of(folders, [1]))  # of 200 tokens


def change_vocabulary(folder: Path, split: str, **values: int) -> None:
    about = json.loads((folder / "vocabulary.json").read_text())
    about["splits"][split] |= values
    write_json(folder / "vocabulary.json", about)


def test_unknown_tokens_are_mentioned_from_a_small_share_on(folders: dict[str, Path], run: RunParams):
    char, word = collect(folders, run).levels
    assert words.unknown(char) == ""
    sentence = words.unknown(word)  # 5 of 200
    assert sentence.startswith("The vocabulary lacks 2.5% of the test text's tokens. To predict that one is unknown")
    assert "costs 3% (bilstm) to 9% (rnn) of all nats." in sentence
    assert "large share" not in sentence
    change_vocabulary(folders["vocabulary"] / "char", "test", unknown=1)
    assert "lacks 0.5%" in words.unknown(level_of(folders, [1]))


@pytest.mark.parametrize(("max_size", "what_to_do"), [(11, "raise vocabulary.char.max_size"), (12, "give more text")])
def test_a_large_share_is_said_with_what_to_do(folders: dict[str, Path], max_size: int, what_to_do: str):
    """Also where one level is selected, and where the share is that of one network alone."""
    change_vocabulary(folders["vocabulary"] / "char", "train", unknown=1)
    Record({"vocabulary.max_size": max_size}, {}, {}, []).save(folders["vocabulary"] / "char")
    change(folders["train"] / "char-lstm-1", {"test/unknown_share": 0.25})
    sentence = words.unknown(level_of(folders, [1]))
    assert "costs 3% (bilstm) to 25% (lstm) of all nats." in sentence
    assert sentence.endswith(f"a large share: {what_to_do}, or choose level bpe, in which no token is unknown.")


def test_the_best_ngram_pays_for_unknown_tokens_too(folders: dict[str, Path]):
    path = folders["baseline"] / "char" / "baseline.json"
    path.write_text(path.read_text().replace("0.0625", "0.5"))
    assert "to 50% (2-gram) of all nats. That is a large share" in words.unknown(level_of(folders, [1]))


def test_networks_that_never_met_an_unknown_token_are_named(folders: dict[str, Path], run: RunParams):
    word = folders["vocabulary"] / "word"
    never = "the networks never learned of any: raise vocabulary.word.min_count."
    assert words.unknown(collect(folders, run).levels[1]).endswith(never)
    change_vocabulary(word, "train", unknown=1)
    assert "never" not in words.unknown(collect(folders, run).levels[1])


def test_bands_are_explained_where_there_are_some(folders: dict[str, Path]):
    assert words.band(level_of(folders, [1])) == ""
    assert "lowest to the highest" in words.band(level_of(folders, [1, 2]))


@pytest.mark.parametrize(
    ("bits", "first"), [(1.8, "1.500 by lstm on characters and 1.800"), (0.5, "0.500 by lstm on words")]
)
def test_levels_are_ranked_by_their_best_network(folders: dict[str, Path], run: RunParams, bits: float, first: str):
    for seed in (1, 2):
        change(folders["train"] / f"word-lstm-{seed}", {"test/bits_per_char": bits})
    sentence = words.against(collect(folders, run))
    assert "1.00 characters for characters and 5.00 for words, so the same text is 5.0 times as many" in sentence
    assert f"The fewest bits per character of a network are {first}" in sentence


def test_the_text_is_described(folders: dict[str, Path], run: RunParams):
    assert "80% of 1,000 characters" in words.text(collect(folders, run))
    assert "3 models" in words.overview(collect(folders, run))
    write_json(folders["corpus"] / "corpus.json", {"unit": "line", "splits": {"train": {"characters": 7}}})
    assert "a text of 7 characters" in words.overview(collect(folders, run))
