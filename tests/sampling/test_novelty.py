import random

import numpy as np
import pytest

from pipeline.sampling.novelty import NGRAM_LENGTHS, Novelty, Windows

EOS = 0


def windows(sequence, n: int) -> list[tuple[int, ...]]:
    return [tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1)]


def copied_share_slowly(samples, training, n: int) -> float | None:
    known = set(windows(training, n))
    found = [window in known for sample in samples for window in windows(sample, n)]
    return sum(found) / len(found) if found else None


def longest_run_slowly(sample, training) -> int:
    """Through the text of the ids: `in` on strings."""
    sample, training = ("".join(map(chr, ids)) for ids in (sample, training))
    lengths = range(1, len(sample) + 1)
    return max((n for n in lengths if any(part in training for part in _parts(sample, n))), default=0)


def _parts(text: str, n: int) -> list[str]:
    return [text[i : i + n] for i in range(len(text) - n + 1)]


@pytest.fixture
def texts() -> tuple[list[list[int]], np.ndarray]:
    """A training text over few ids, and samples that copy parts of it, one all, one none, one nothing at all."""
    rng = random.Random(1)
    training = [rng.choice([0, 2, 3, 4, 5]) for _ in range(400)]
    samples = [[rng.choice([2, 3, 4, 5]) for _ in range(length)] for length in (30, 7, 2)]
    whole = [i for i in training[100:160] if i != EOS]
    longest_unit = max("".join(map(chr, training)).split(chr(EOS)), key=len)
    return [*samples, whole, [ord(c) for c in longest_unit], [9, 9, 9], []], np.array(training, dtype=np.uint8)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 40, 1000])
def test_copied_share_is_what_sets_of_windows_give(texts, n):
    samples, training = texts
    share = Novelty(samples, training).copied_share(n)
    assert share == copied_share_slowly(samples, training.tolist(), n)
    assert n != 3 or share not in (0, 1)


def test_longest_runs_are_what_searching_gives(texts):
    samples, training = texts
    runs = Novelty(samples, training).longest_runs()
    assert runs == [longest_run_slowly(sample, training.tolist()) for sample in samples]
    assert runs[4:] == [len(samples[4]), 0, 0]


def test_by_hand():
    novelty = Novelty([[4, 5, 6, 7, 8], [8, 4]], training=np.array([5, 6, 7, EOS, 8, 8, EOS, 4], dtype=np.uint16))
    assert novelty.longest_runs() == [3, 1]
    assert novelty.copied_share(2) == 2 / 5  # 56, 67 of 45, 56, 67, 78 and 84
    assert novelty.copied_share(3) == 1 / 3
    assert novelty.copied_share(6) is None


def test_no_window_crosses_from_a_sample_into_the_next():
    novelty = Novelty([[4, 5], [6, 7]], training=np.array([4, 5, 6, 7], dtype=np.uint8))
    assert novelty.longest_runs() == [2, 2]
    assert novelty.copied_share(3) is None
    assert Novelty([[4, 5], [5, 6]], training=np.array([9])).distinct_share(2) == 1


def test_distinct_share_counts_different_windows():
    novelty = Novelty([[4, 5, 4, 5], [4, 5]], training=np.array([9]))
    assert novelty.distinct_share(1) == 2 / 6
    assert novelty.distinct_share(2) == 2 / 4  # 45, 54 of 45, 54, 45, 45
    assert novelty.distinct_share(5) is None


def test_no_samples_and_no_training_text():
    nothing = np.array([], dtype=np.uint8)
    assert Novelty([[]], nothing).longest_runs() == [0]
    assert Novelty([[4]], nothing).copied_share(1) == 0
    assert Novelty([[]], np.array([4])).copied_share(1) is None


def test_equal_windows_have_equal_hashes_and_others_do_not():
    rng = np.random.default_rng(2)
    ids = rng.integers(0, 3, size=500)
    values = rng.integers(2**64, size=3, dtype=np.uint64)
    for n in (1, 2, 5, 9, 100):
        hashes = Windows(ids, values).hashes(n).tolist()
        keys = windows(ids.tolist(), n)
        assert len(hashes) == len(keys)
        assert len(set(hashes)) == len(set(keys)) == len(set(zip(hashes, keys, strict=True)))


def test_on_real_text(shared_data):
    text = (shared_data / "lm/tinyshakespeare.txt").read_text(encoding="utf-8")
    ids = np.frombuffer(text.encode("ascii"), np.uint8)
    copied, own = text[500_000:500_300], "the quick brown fox jumps over thy lazy lord"
    novelty = Novelty([[ord(c) for c in copied], [ord(c) for c in own]], ids)
    runs = novelty.longest_runs()
    assert runs[0] == 300
    assert any(part in text for part in _parts(own, runs[1]))
    assert not any(part in text for part in _parts(own, runs[1] + 1))
    for n in NGRAM_LENGTHS:
        parts = _parts(copied, n) + _parts(own, n)
        assert novelty.copied_share(n) == sum(part in text for part in parts) / len(parts)
