"""What the numbers of the report mean, in one line each."""

from pipeline.report.parts import Paragraph, Part, Terms

TERMS = {
    "loss": (
        "the mean surprise at a token, in nats: minus the logarithm of the probability that the model gave to what "
        "came. Training makes it smaller."
    ),
    "perplexity": (
        "e to the power of the loss: among how many equally likely tokens the model seems to choose. It compares "
        "models of one level only, for a word is harder to guess than a letter."
    ),
    "bits per character": (
        "the loss of the whole text in bits, divided by its characters. It compares all models and levels: a token "
        "that the vocabulary lacks is charged for saying which it is."
    ),
    "n-gram floor": (
        "no network, only counts of short sequences (interpolated modified Kneser-Ney); bz2 and xz are ordinary "
        "compressors. A network has to be ahead of them to be worth its training."
    ),
    "mixture, such as lstm + 9-gram": (
        "the mean of two models' probabilities of each token, with one weight for the whole text, which the validation "
        "text chooses. What it is ahead of the n-gram, the network knows and counts do not."
    ),
    "adaptive": (
        "scored with a cache of the text so far, which the model fills while it is judged. All other numbers are "
        "static: what a model learned, it learned from the training text."
    ),
    "pseudo-perplexity": (
        "what a model scores that sees the text on both sides of the token; no perplexity, and not comparable with one."
    ),
    "gradient against lag": (
        "how strongly the loss at one step depends on the network's state so many steps before. Where it has "
        "vanished, training cannot learn what to remember."
    ),
    "half-life and horizon": (
        "the steps in which an exponential, fitted to that curve, halves; and the first lag at which the curve is "
        "below 10 %, 1 % or 0.1 % of where it starts."
    ),
    "± interval": (
        "with several seeds, the mean and its 95 % interval (Student's t): where the mean of very many seeds is "
        "expected to lie. A number without ± is of one seed, or needs none."
    ),
}
INTRODUCTION = "What the numbers below mean, in one line each. Lower is better for the first three."
PART = Part("", [Paragraph(INTRODUCTION), Terms(TERMS)])
