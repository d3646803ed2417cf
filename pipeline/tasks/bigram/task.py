"""Bigram: the next character from this one alone, the one-to-one shape: one step from the zero state."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples, Split
from pipeline.figures import panels
from pipeline.networks.classifier import Classifier
from pipeline.tasks import classification
from pipeline.tasks.bigram.data.scores import BEGIN, looked_up, measured
from pipeline.tasks.bigram.params import BigramParams
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tokens.units import normalize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Answer = tuple[float, int]
"""Bits that the true character costs, and the id of the most likely one."""
FREQUENT = 20
"""Characters that are shown."""
SHOWN = 5
"""Guesses that a prediction shows."""


@torch.inference_mode()
def table(network: Classifier) -> Float[np.ndarray, "inputs V"]:
    """p(next | this) of every input, the begin token last: all that the network knows."""
    size = network.readout.bias.numel()
    device = next(network.parameters()).device
    inputs = torch.arange(size + 1, device=device)[:, None]  # (inputs, 1)
    return network.eval()(inputs).double().softmax(-1).cpu().numpy()


def _answer(params: BigramParams, network: Classifier, split: Split) -> Sequence[Answer]:
    bits, best = looked_up(table(network), split)
    return list(zip(bits.tolist(), best.tolist(), strict=True))


def _measure(params: BigramParams, examples: Examples, split: Split, answers: Sequence[Answer]):
    right = [best == int(target) for (_, best), target in zip(answers, split.targets, strict=True)]
    return measured(split, [bits for bits, _ in answers], right)


def _study(params: BigramParams, examples: Examples, network: Classifier, answers: Sequence[Answer]) -> Study:
    test, learned = examples.splits["test"], table(network)
    counts = Counter(np.concatenate(test.inputs).tolist()).most_common(FREQUENT)
    costs: dict[int, list[float]] = {i: [] for i, _ in counts}
    for ids, (bits, _) in zip(test.inputs, answers, strict=True):
        if int(ids[0]) in costs:
            costs[int(ids[0])].append(bits)
    names = [*examples.classes, BEGIN]
    rows = [{"character": repr(names[i]), "n": n, "bits": float(np.mean(costs[i]))} for i, n in counts]
    return Study(
        tables={"character": rows},
        predictions={"bits": [bits for bits, _ in answers], "answer": [examples.classes[i] for _, i in answers]},
        figures={"bigrams.png": lambda: bigrams_figure(learned, [i for i, _ in counts], names)},
    )


def bigrams_figure(learned: Float[np.ndarray, "inputs V"], ids: Sequence[int], names: Sequence[str]) -> "Figure":
    """p(next | this) between the most frequent characters, darker where it is higher."""
    figure, (axes,) = panels(1, 6.5, 6.0)
    known = [i for i in ids if i < learned.shape[1]]  # the begin token is never next
    axes.imshow(learned[np.ix_(ids, known)] ** 0.5, cmap="Greys", vmin=0, vmax=1)  # square roots: small ones are seen
    axes.set_xticks(range(len(known)), [_label(names[i]) for i in known])
    axes.set_yticks(range(len(ids)), [_label(names[i]) for i in ids])
    axes.set(xlabel="next character", ylabel="this character")
    return figure


def _label(name: str) -> str:
    """
    >>> [_label(name) for name in ("a", " ", "$", "<begin>")]
    ['a', '␣', '\\\\$', 'begin']
    """
    shown = {" ": "␣", "\n": "¶", "$": r"\$"}
    return shown.get(name, name.strip("<>") if len(name) > 1 else name)


def predict(bundle: TaskBundle[BigramParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The most likely next characters, of one character a line; of an empty line those that a paragraph begins with."""
    network, vocabulary = bundle.trained.network, bundle.vocabulary
    assert isinstance(network, Classifier)
    assert vocabulary is not None
    learned = table(network)
    for i, line in enumerate(lines, 1):
        text = normalize(line)
        if len(text) > 1:
            rule = "one character, or none for the start of a paragraph"
            raise PipelineError(f"{where}, line {i}", rule, repr(line[:40]), "write one")
        known = not vocabulary.unknown(text)
        p = learned[int(vocabulary.encode(text)[0]) if text else -1]
        likely = {bundle.classes[j]: float(p[j]) for j in np.argsort(-p, kind="stable")[:SHOWN]}
        shown = ", ".join(f"{name!r} {100 * share:.1f} %" for name, share in likely.items())
        shown += "" if known else " (this character is unknown to the network)"
        yield Prediction(shown, {"character": text, "known": known, "next": likely})


TASK = Task(
    shape="one-to-one",
    kind="classifier",
    sizes=classification.sizes,
    objective=classification.objective,
    answer=_answer,
    measure=_measure,
    study=_study,
    predict=predict,
)
