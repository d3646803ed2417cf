from pipeline.base.params import MemoryParams
from pipeline.memory.words import WORDS


def test_every_task_has_words():
    assert set(WORDS) == set(MemoryParams.model_fields) - {"tasks"}
