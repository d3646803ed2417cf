import shutil
from pathlib import Path

import pytest

from pipeline.base.errors import ArtifactError
from pipeline.base.params import RunParams
from pipeline.report.collect import collect


def test_seeds_become_means_with_intervals(folders: dict[str, Path], run: RunParams):
    char = collect(folders, run).levels[0]
    numbers = {model.name: model.numbers("train")["test/bits_per_char"] for model in char.models}
    assert numbers["lstm"].mean == pytest.approx(1.5)
    assert numbers["lstm"].half_width == pytest.approx(1.2706, abs=1e-4)  # 12.706 * 0.1
    assert numbers["rnn"].mean == pytest.approx(2.0)


def test_the_cloze_model_is_told_from_the_language_models(folders: dict[str, Path], run: RunParams):
    char = collect(folders, run).levels[0]
    assert [model.name for model in char.language_models] == ["rnn", "lstm"]
    assert [model.name for model in char.cloze_models] == ["bilstm"]


def test_the_best_order_is_chosen_on_the_validation_text(folders: dict[str, Path], run: RunParams):
    # the 3-gram is better on the test text, which may not choose
    assert collect(folders, run).levels[0].best_order["name"] == "2-gram"


def test_a_curve_holds_every_seed_at_each_step(folders: dict[str, Path], run: RunParams):
    rnn = collect(folders, run).levels[0].models[0]
    curve = rnn.curve("train", "validation/bits_per_char")
    assert list(curve) == [10, 20]
    assert curve[20] == pytest.approx([2.4, 2.6])


def test_what_one_seed_lacks_has_no_mean(folders: dict[str, Path], run: RunParams):
    from pipeline.base.artifacts import Record

    Record({}, {}, {"initial/half_life": 2.0}).save(folders["gradients"] / "char-rnn-2")
    numbers = collect(folders, run).levels[0].models[0].numbers("gradients")
    assert set(numbers) == {"initial/half_life"}
    assert numbers["initial/half_life"].mean == 1.5


@pytest.mark.parametrize("part", ["train", "gradients", "sampling"])
def test_a_missing_item_is_named(folders: dict[str, Path], run: RunParams, part: str):
    shutil.rmtree(folders[part] / "word-lstm-2")
    with pytest.raises(ArtifactError, match=rf"{part}/word-lstm-2/record/record.json: .*no such file.*dvc repro"):
        collect(folders, run)


def test_samples_are_read_whole_whatever_line_ends_they_hold(folders: dict[str, Path], run: RunParams):
    seed = collect(folders, run).levels[0].models[0].seeds[0]
    assert len(seed.samples) == 3
    assert seed.samples[0]["text"].endswith("b\r\n\u2028```end")


def test_damaged_samples_are_named(folders: dict[str, Path], run: RunParams):
    (folders["sampling"] / "char-rnn-1" / "samples.jsonl").write_text('{"text": "a')
    with pytest.raises(ArtifactError, match=r"char-rnn-1/samples.jsonl: .*JSONDecodeError"):
        collect(folders, run)
