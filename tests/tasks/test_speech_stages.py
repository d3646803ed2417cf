"""Recordings through the stages: from WAV files of words to a network that transcribes strings of them."""

import io
import json
import wave
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.artifacts import read_json
from pipeline.base.errors import EXIT_OK, PipelineError
from pipeline.cli.predict import answers
from stages.examples import examples
from stages.task import task

RATE = 8000
WORDS = {"one": 500, "two": 1400, "ten": 2800}
"""Hertz: these words are tones."""
SETTINGS = {
    "path": "texts",
    "names": "{text}_{speaker}_{number}",
    "joined": {"words": [1, 3], "gap_seconds": [0.05, 0.1]},
    "clips": {"train": 120, "validation": 8, "test": 8},
    "split": {"method": "speaker", "validation": 0.4, "test": ["ann"], "seed": 1},
    "noise_db": [None, 20],
    "perturbed": None,
    "rate": RATE,
    "num_mels": 12,
    "stacked_frames": 2,
    "epochs": 14,
    "batch_size": 8,
    "learning_rate": 0.02,
    "dropout": 0.0,
}
FLAGS = "--task speech --model bidirectional_lstm --seed 1 --examples out/examples --out out/task/speech-lstm"


def tone(word: str, seconds: float = 0.2, seed: int = 0) -> bytes:
    """A WAV file in which a word is said."""
    rng, times = np.random.default_rng(seed), np.arange(int(seconds * RATE)) / RATE
    samples = 0.3 * np.sin(2 * np.pi * WORDS[word] * times) + 0.003 * rng.normal(size=len(times))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes((samples * 2**15).astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture
def trained(project) -> Path:
    """The folder of a network that has learned the tones."""
    speakers = ("ann", "bob", "cid")
    recordings = {f"{word}_{who}_{i}.wav": tone(word, seed=i) for word in WORDS for who in speakers for i in range(4)}
    changes = {f"tasks.speech.{key}": value for key, value in SETTINGS.items()}
    project(recordings, **{"tasks.path": "texts", "models.bidirectional_lstm.hidden_size": 24, **changes})
    assert examples.run(["--task", "speech", "--out", "out/examples"]) == EXIT_OK
    assert task.run(FLAGS.split()) == EXIT_OK
    return Path("out/task/speech-lstm")


@pytest.mark.slow
def test_words_become_a_network_that_transcribes_strings_of_them(trained):
    scores = read_json(trained / "scores.json")
    assert set(scores["test"]) == {"wer", "cer", "wer_greedy"}
    assert scores["test"]["wer"]["value"] < 0.3
    heard = scores["details"]["heard"]
    found = list(answers(trained, [str(trained / clip["file"]) for clip in heard], "input"))
    assert [answer.shown for answer in found] == [clip["answer"] for clip in heard]  # what the stage made of them
    for answer in found:
        assert " ".join(word["word"] for word in answer.fields["words"]) == answer.fields["text"]
        starts = [word["start"] for word in answer.fields["words"]]
        assert starts == sorted(starts)
        assert answer.fields["log_probability"] < 0
    json.dumps(found[0].fields, allow_nan=False)

    Path("cut.wav").write_bytes(tone("one")[:60])
    Path("text.wav").write_text("one", encoding="utf-8")
    Path("short.wav").write_bytes(tone("one", seconds=0.01))
    for name in ("cut.wav", "text.wav", "short.wav", "none.wav"):
        with pytest.raises(PipelineError, match=r": .* \(got .*\); \S") as error:
            list(answers(trained, [name], "input"))
        assert name in str(error.value)
