"""Examples as files."""

from pathlib import Path

import numpy as np

from pipeline.examples.sets import Examples, Split
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.vocabulary import Vocabulary, learn


def test_targets_of_another_length_come_back_with_their_vocabulary(tmp_path: Path):
    vocabulary = Vocabulary(learn({"b": 2, "a": 1}, 4, "char"))
    frames = [np.arange(6, dtype=np.float32).reshape(3, 2), np.ones((1, 2), np.float32)]
    targets = [np.array([5, 4]), np.array([], np.int64)]
    splits = {name: Split(frames, targets, {"text": ["ab", ""]}) for name in SPLITS}
    Examples(splits, target_vocabulary=vocabulary).save(tmp_path)
    found = Examples.load(tmp_path)
    assert [target.tolist() for target in found.splits["test"].targets] == [[5, 4], []]
    assert all(target.dtype == np.int64 for target in found.splits["test"].targets)
    np.testing.assert_array_equal(np.concatenate(found.splits["train"].inputs), np.concatenate(frames))
    assert found.vocabulary is None
    assert found.target_vocabulary is not None
    assert found.target_vocabulary.encode("ba").tolist() == vocabulary.encode("ba").tolist()
