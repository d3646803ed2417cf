"""Speech: the bands of a clip against Kaldi's, and the steps made of them."""

import kaldi_native_fbank as knf
import numpy as np
import pytest

from pipeline.tasks.speech.data.features import log_mel, num_steps, steps_of


def kaldis(samples: np.ndarray, rate: int, num_mels: int) -> np.ndarray:
    """Kaldi's bands, without what it does to each window before the transform: dither, offset, pre-emphasis."""
    options = knf.FbankOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    options.frame_opts.preemph_coeff = 0
    options.frame_opts.remove_dc_offset = False
    options.frame_opts.window_type = "hanning"
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = num_mels
    options.mel_opts.low_freq = 20
    computer = knf.OnlineFbank(options)
    computer.accept_waveform(rate, samples.tolist())
    return np.array([computer.get_frame(i) for i in range(computer.num_frames_ready)])


@pytest.mark.parametrize(("rate", "num_mels"), [(16000, 24), (8000, 23)])
def test_bands_are_kaldis(rate, num_mels):
    rng, seconds = np.random.default_rng(1), np.arange(0, 0.3, 1 / rate)
    samples = 0.3 * np.sin(2 * np.pi * 440 * seconds) + 0.01 * rng.normal(size=len(seconds))
    np.testing.assert_allclose(log_mel(samples, rate, num_mels), kaldis(samples, rate, num_mels), atol=1e-3)


def test_a_tone_is_loudest_in_its_band_and_moves_with_the_throat():
    samples = np.sin(2 * np.pi * 1000 * np.arange(0, 0.1, 1 / 16000))
    highest = [int(log_mel(samples, 16000, 40, formants)[4].argmax()) for formants in (0.8, 1.0, 1.25)]
    kaldi = int(kaldis(samples, 16000, 40)[4].argmax())
    assert highest[1] == kaldi
    assert highest[0] < highest[1] < highest[2]


def test_silence_has_a_logarithm():
    assert np.isfinite(log_mel(np.zeros(1600), 16000, 8)).all()
    assert np.isfinite(steps_of(log_mel(np.zeros(1600), 16000, 8), 2)).all()


def test_loudness_changes_no_step():
    samples = np.random.default_rng(1).normal(size=4000)
    quiet, loud = (steps_of(log_mel(gain * samples, 8000, 12), 3) for gain in (0.01, 0.5))
    np.testing.assert_allclose(quiet, loud, atol=1e-3)


@pytest.mark.parametrize("samples", [199, 200, 279, 280, 1000])
@pytest.mark.parametrize("stacked", [1, 3])
def test_steps_are_counted_before_they_are_made(samples, stacked):
    if samples >= 200:
        frames = log_mel(np.random.default_rng(1).normal(size=samples), 8000, 8)
        assert num_steps(samples, 8000, stacked) == len(steps_of(frames, stacked))
    else:
        assert num_steps(samples, 8000, stacked) == 0
