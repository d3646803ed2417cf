"""What clips look like."""

from typing import TYPE_CHECKING

from pipeline.examples.sets import Examples
from pipeline.tasks.speech.params import SpeechParams

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, ROWS = 2, 3


def spectrograms(params: SpeechParams, examples: Examples) -> "Figure":
    """Training clips, evenly spaced, as they are read: bands by seconds, with their transcripts."""
    from matplotlib.figure import Figure

    train = examples.splits["train"]
    figure = Figure(figsize=(10.0, 6.6), layout="constrained")
    for at, axes in enumerate(figure.subplots(ROWS, COLUMNS).flat):
        i = at * len(train) // (COLUMNS * ROWS)
        bands = train.inputs[i].reshape(-1, params.num_mels).T
        seconds = train.notes["seconds"][i]
        axes.imshow(bands, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, params.num_mels))
        about = [train.notes["speaker"][i], _noise(train.notes["snr_db"][i])]
        axes.set_title(f"{train.notes['text'][i]}   ({', '.join(filter(None, about))})", loc="left", fontsize=9)
        axes.set(ylabel="mel bands", xlabel="seconds")
    return figure


def _noise(snr_db: float | None) -> str | None:
    return None if snr_db is None else f"noise at {snr_db:g} dB"
