import itertools

import numpy as np
import pytest

from pipeline.base.errors import ArtifactError
from pipeline.tokens.windows import (
    EOS,
    IGNORED,
    Window,
    lane_windows,
    load_ids,
    segment_bounds,
    shifted,
    stream_windows,
    unit_bounds,
    unit_windows,
)

BEGIN = 9
# three units: 1 2 3, 4, 5 6
IDS = np.array([1, 2, 3, 0, 4, 0, 5, 6, 0], dtype=np.uint8)


def the_text(seed: int = 0, num_units: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    units = [[*rng.integers(1, BEGIN, size=rng.integers(0, 12)), EOS] for _ in range(num_units)]
    return np.array(list(itertools.chain.from_iterable(units)), dtype=np.uint8)


def test_inputs_are_targets_one_step_late_and_begin_after_each_eos():
    assert shifted(IDS, BEGIN).tolist() == [9, 1, 2, 3, 9, 4, 9, 5, 6]
    assert shifted(IDS[4:], BEGIN, before=7).tolist() == [7, 4, 9, 5, 6]


@pytest.mark.parametrize("num_lanes", [1, 2, 5])
def test_lanes_hold_every_target_once_and_go_on_where_they_were(num_lanes: int):
    ids = the_text()
    windows = list(lane_windows(ids, BEGIN, num_lanes, num_steps=7))
    lanes = np.concatenate([w.targets for w in windows], axis=1)
    read = [lane[lane != IGNORED] for lane in lanes]
    assert np.concatenate(read).tolist() == ids.tolist()
    assert windows[0].fresh.all()
    assert not any(w.fresh.any() for w in windows[1:])
    check_places(windows, ids)


def check_places(windows: list[Window], ids: np.ndarray) -> None:
    """Each target is the id at its place."""
    for window in windows:
        counted = window.targets != IGNORED
        assert window.targets[counted].tolist() == ids[window.places[counted]].tolist()


@pytest.mark.parametrize("num_lanes", [1, 2, 5])
def test_lanes_read_the_tokens_before_their_own_uncounted(num_lanes: int):
    ids = the_text()
    windows = list(lane_windows(ids, BEGIN, num_lanes, num_steps=7, warm_up=11))
    inputs, targets = (np.concatenate([getattr(w, part) for w in windows], axis=1) for part in ("inputs", "targets"))
    assert targets[targets != IGNORED].tolist() == ids.tolist()
    shift, starts = shifted(ids, BEGIN), np.linspace(11, len(ids), num_lanes + 1).astype(int) - 11
    for lane, (read, own) in enumerate(zip(inputs, targets != IGNORED, strict=True)):
        assert own.argmax() == (0 if lane == 0 else 11)
        part = shift[starts[lane] :][1 : own.nonzero()[0][-1] + 1]
        assert read[1 : len(part) + 1].tolist() == part.tolist()
        assert read[0] == BEGIN
    assert [w.fresh.tolist() for w in windows] == [[w is windows[0]] * num_lanes for w in windows]


def test_one_lane_reads_the_inputs_of_the_whole_text():
    ids = the_text()
    windows = list(lane_windows(ids, BEGIN, 1, num_steps=7))
    inputs = np.concatenate([w.inputs[0] for w in windows])[: len(ids)]
    assert inputs.tolist() == shifted(ids, BEGIN).tolist()


def test_a_stream_lane_carries_on_until_its_segment_ends():
    ids = the_text()
    segments = segment_bounds(ids, segment_tokens=30)
    stream = stream_windows(ids, segments, BEGIN, batch_size=3, num_steps=7, rng=np.random.default_rng(1))
    windows = list(itertools.islice(stream, 60))
    whole = {tuple(ids[start:stop].tolist()) for start, stop in segments}
    for lane in range(3):
        finished, read = [], []
        for window in windows:
            if window.fresh[lane]:
                finished, read = [*finished, tuple(read)] if read else finished, []
                assert window.inputs[lane, 0] == BEGIN
            real = window.targets[lane] != IGNORED
            read += window.targets[lane, real].tolist()
            assert (window.inputs[lane, ~real] == BEGIN).all()
        assert len(finished) > 3
        assert set(finished) <= whole


def test_a_stream_reads_each_segment_once_before_any_a_second_time():
    ids = the_text()
    segments = segment_bounds(ids, segment_tokens=30)
    stream = stream_windows(ids, segments, BEGIN, batch_size=1, num_steps=7, rng=np.random.default_rng(1))
    steps_of_an_epoch = sum(-(-(stop - start) // 7) for start, stop in segments)
    epoch = list(itertools.islice(stream, int(steps_of_an_epoch)))
    assert sum(w.num_targets for w in epoch) == len(ids)
    assert sum(w.fresh[0] for w in epoch) == len(segments)


def test_segments_end_with_units_and_tile_the_text():
    ids = the_text()
    segments = segment_bounds(ids, segment_tokens=20)
    assert segments[0, 0] == 0
    assert segments[-1, 1] == len(ids)
    assert (segments[1:, 0] == segments[:-1, 1]).all()
    assert (ids[segments[:, 1] - 1] == EOS).all()
    assert (np.diff(segments[:-1]) >= 20).all()


def test_a_unit_longer_than_a_segment_is_cut():
    ids = np.append(np.ones(95, np.uint8), np.uint8(EOS))
    assert segment_bounds(ids, segment_tokens=20).tolist() == [[0, 40], [40, 80], [80, 96]]


def test_units_start_fresh_alone_and_padded():
    ids = the_text()
    units = unit_bounds(ids, longest=100)
    windows = unit_windows(ids, units, BEGIN, batch_size=4, rng=np.random.default_rng(2))
    epoch = list(itertools.islice(windows, -(-len(units) // 4)))
    read = sorted(tuple(row[row != IGNORED].tolist()) for w in epoch for row in w.targets)
    expected = sorted(tuple(ids[start:stop].tolist()) for start, stop in units)
    assert read == expected
    assert all(w.fresh.all() for w in epoch)
    assert all((w.inputs[:, 0] == BEGIN).all() for w in epoch)
    check_places(epoch, ids)


def test_batches_of_units_hold_similar_lengths():
    ids = the_text(num_units=400)
    windows = unit_windows(ids, unit_bounds(ids, 100), BEGIN, batch_size=8, rng=np.random.default_rng(2))
    epoch = list(itertools.islice(windows, 50))
    padded = sum((w.targets == IGNORED).sum() for w in epoch)
    assert padded < 0.05 * len(ids)


def test_a_seed_gives_the_same_windows_and_another_gives_others():
    ids = the_text()
    bounds = segment_bounds(ids, 30)

    def first(seed: int) -> list[list[int]]:
        stream = stream_windows(ids, bounds, BEGIN, 2, 7, np.random.default_rng(seed))
        return [w.targets.ravel().tolist() for w in itertools.islice(stream, 5)]

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_damaged_ids_are_named(tmp_path):
    (tmp_path / "train.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ArtifactError, match=r"train\.npy.*dvc repro"):
        load_ids(tmp_path, "train")
    with pytest.raises(ArtifactError, match=r"validation\.npy.*no such file"):
        load_ids(tmp_path, "validation")
