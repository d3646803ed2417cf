from pathlib import Path

from pipeline.base.artifacts import Record
from pipeline.base.params import RunParams
from pipeline.report import samples
from pipeline.report.collect import collect


def test_the_first_samples_of_the_first_seed_are_shown(folders: dict[str, Path], run: RunParams):
    rnn = collect(folders, run).levels[0].models[0]
    assert ["char-rnn-1" in sample["text"] for sample in samples.shown(rnn)] == [True, True]


def test_a_language_models_copying_is_told(folders: dict[str, Path], run: RunParams):
    rnn = collect(folders, run).levels[0].models[0]
    wanted = "Of all its runs of 10 tokens, 12% stand in the training text; the longest copied run has 17 tokens."
    assert samples.summary(rnn) == wanted


def test_samples_too_short_to_copy_are_told(folders: dict[str, Path], run: RunParams):
    Record({}, {}, {"novelty/longest_run": 3.0}).save(folders["sampling"] / "char-rnn-2")
    rnn = collect(folders, run).levels[0].models[0]
    assert samples.summary(rnn) == "No sample is as long as 10 tokens; the longest copied run has 17 tokens."


def test_a_cloze_models_fills_are_told(folders: dict[str, Path], run: RunParams):
    cloze = collect(folders, run).levels[0].cloze_models[0]
    assert samples.summary(cloze).endswith("in 25% of 8 gaps it puts what stood there.")
    assert samples.about(samples.shown(cloze)[0]) == "1 gap filled, log-probability -12.5 nats"


def test_a_sample_cut_short_is_said_to_be(folders: dict[str, Path], run: RunParams):
    rnn = collect(folders, run).levels[0].models[0]
    assert samples.about(samples.shown(rnn)[0]).startswith("3 tokens, cut at the limit, log-probability -12.5 nats")
