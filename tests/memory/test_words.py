from pipeline import memory
from pipeline.memory.words import all_words


def test_every_task_has_words():
    assert set(all_words()) == set(memory.names())
