"""Sound as frames: the logarithm of its power in bands that are equally wide to the ear.

The bands are Kaldi's: triangles on the mel scale (Stevens, Volkmann & Newman 1937), from 20 Hz to half the rate. A step
of a network is some frames side by side, each band with mean 0 and variance 1 over the clip: loudness and the
microphone's colour are gone, and nothing of the training clips has to be kept.
"""

import math
from functools import cache

import numpy as np
from jaxtyping import Float

WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.01
LOWEST_HZ = 20.0
FLOOR = float(np.finfo(np.float32).eps)
"""Of the power in a band, as in Kaldi: there is no logarithm of zero."""


KNEE = 0.7
"""Share of the spectrum."""
LOUDNESS_NATS = 10.0
"""What is so far below a clip's loudest band, by 43 dB, counts as silence: else the silence of a clip without noise
would decide its variance."""


def log_mel(
    samples: Float[np.ndarray, " N"], rate: int, num_mels: int, formants: float = 1.0
) -> Float[np.ndarray, "T D"]:
    """Natural logarithms of the power in D bands, of windows of 25 ms every 10 ms; N is at least a window.

    Args:
        formants: what all frequencies are multiplied by before the bands are taken (see `mel_bands`).
    """
    size, hop = round(WINDOW_SECONDS * rate), round(HOP_SECONDS * rate)
    num_bins = 1 << (size - 1).bit_length()
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(windows, num_bins)) ** 2  # (T, F)
    return np.log(np.maximum(power @ mel_bands(num_mels, num_bins, rate, formants).T, FLOOR))


@cache
def mel_bands(num_mels: int, num_bins: int, rate: int, formants: float = 1.0) -> Float[np.ndarray, "D F"]:
    """How much each of the F = num_bins / 2 + 1 frequencies counts in each band.

    Neighbours overlap by half: a band rises from the centre of the one below, and falls to the centre of the one above.

    Args:
        formants: as if the spectrum were stretched by so much up to KNEE, and the rest were made to fit; a longer vocal
            tract is below 1.
    """
    edges = np.linspace(mel(LOWEST_HZ), mel(rate / 2), num_mels + 2)[:, None]
    knee, half = KNEE * rate / 2, rate / 2
    hertz = np.interp(np.arange(num_bins // 2 + 1) * rate / num_bins, [0, knee, half], [0, formants * knee, half])
    at = 1127 * np.log1p(hertz / 700)
    widths = np.diff(edges, axis=0)
    rising, falling = (at - edges[:-2]) / widths[:-1], (edges[2:] - at) / widths[1:]
    return np.maximum(np.minimum(rising, falling), 0)


def mel(hertz: float) -> float:
    """A frequency on the mel scale, on which equal steps sound equally far apart.

    >>> round(mel(1000.0), 1)
    1000.0
    """
    return 1127 * math.log1p(hertz / 700)


def steps_of(frames: Float[np.ndarray, "F D"], stacked: int) -> Float[np.ndarray, "T S"]:
    """The frames with mean 0 and variance 1 in each band, `stacked` of them side by side; a rest at the end is dropped.

    >>> steps_of(np.array([[1.0], [3.0], [1.0], [3.0], [1.0]]), 2).round(2).tolist()
    [[-0.82, 1.22], [-0.82, 1.22]]
    """
    heard = np.maximum(frames, frames.max() - LOUDNESS_NATS)
    spread = heard.std(0)
    normal = (heard - heard.mean(0)) / np.where(spread > 0, spread, 1)
    whole = len(frames) // stacked * stacked
    return normal[:whole].reshape(-1, stacked * frames.shape[1])


def num_steps(num_samples: int, rate: int, stacked: int) -> int:
    """T of a clip.

    >>> num_steps(16000, 16000, 3), num_steps(100, 16000, 3)
    (32, 0)
    """
    size, hop = round(WINDOW_SECONDS * rate), round(HOP_SECONDS * rate)
    return max(0, 1 + (num_samples - size) // hop) // stacked
