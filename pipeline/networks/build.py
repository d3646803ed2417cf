"""From a model's section of params.yaml to a network with its initial weights: the only translator."""

import inspect
from collections.abc import Callable, Mapping, Set
from typing import Literal

from torch import nn

from pipeline.base.memory import check_memory
from pipeline.networks.attention import AdditiveAttention, DotAttention
from pipeline.networks.classifier import Classifier, Regressor
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.encoder import Encoder
from pipeline.networks.encoder_decoder import Bridge, EncoderDecoder
from pipeline.networks.initialise import initialise, initialise_encoder_decoder
from pipeline.networks.inputs import FrameConvolution, WordsAndCharacters, embedding
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.params import GruModel, LstmModel, Model, RnnModel
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack
from pipeline.networks.tagger import CrfTagger, Tagger

Network = LanguageModel | ClozeModel
"""What predicts tokens: both answer `stacks`, `reads` and `window_logits` alike, and say what they predict."""

Kind = Literal[
    "language_model",
    "regressor",
    "classifier",
    "frame_classifier",
    "tagger",
    "frame_tagger",
    "crf_tagger",
    "encoder_decoder",
    "dot_attention",
    "additive_attention",
]


def build_language_model(model: Model, vocabulary_size: int, seed: int, num_conditions: int = 0) -> Network:
    """The network of `model` over V tokens; equal seeds give equal weights.

    A model that reads both ways would see the token that it is to predict next: it becomes a cloze model.

    Args:
        num_conditions: what a sequence may be given as its first input, in place of nothing: ids above the begin
            token's, which are never predicted.
    """
    check_memory(4 * num_weights(model, vocabulary_size, num_conditions), "the model's weights")
    embed = embedding(vocabulary_size, model.embedding_size, num_conditions)
    stacks = _stacks(model, model.embedding_size or vocabulary_size + num_conditions)
    tied_to = embed if model.tied_embeddings and isinstance(embed, nn.Embedding) else None
    readout = Readout(vocabulary_size, _num_features(stacks), tied_to)
    initialise(model, seed, embed=embed, stacks=stacks, readout=readout)
    if model.bidirectional:
        left, right = stacks
        return ClozeModel(vocabulary_size, embed, left, right, readout)
    (stack,) = stacks
    return LanguageModel(vocabulary_size, embed, stack, readout)


def build_regressor(model: Model, num_inputs: int, seed: int) -> Regressor:
    """The network of `model` that reads I numbers a step and answers with one; equal seeds give equal weights.

    The sizes of a look-up, which it lacks, are not read: it has frames for inputs, and no vocabulary.
    """
    return Regressor(*_parts(model, None, num_inputs, 1, seed))


def build_frame_classifier(
    model: Model,
    num_channels: int,
    num_classes: int,
    seed: int,
    height: int | None = None,
    width: int | None = None,
    features: int | None = None,
) -> Classifier:
    """The network of `model` that reads frames of D numbers: the input weights of its stacks are their linear map.

    Args:
        features: given with `height` and `width`: a frame is an image of so many pixels, and a convolution reads it.
    """
    return Classifier(*_parts(model, *_frames(num_channels, height, width, features), num_classes, seed))


def build_frame_tagger(
    model: Model,
    num_channels: int,
    num_classes: int,
    seed: int,
    height: int | None = None,
    width: int | None = None,
    features: int | None = None,
) -> Tagger:
    """The network of `model` that reads frames of D numbers and gives logits of C classes at every step."""
    return Tagger(*_parts(model, *_frames(num_channels, height, width, features), num_classes, seed))


def _frames(
    num_channels: int, height: int | None, width: int | None, features: int | None
) -> tuple[FrameConvolution | None, int]:
    """What reads frames, and the size of its vectors."""
    if height is None or width is None or features is None:
        assert height is width is features, "all are sizes of the convolution"
        return None, num_channels
    assert height * width == num_channels, "a frame is the pixels of an image"
    convolution = FrameConvolution(height, width, features)
    return convolution, convolution.size


def build_classifier(
    model: Model,
    vocabulary_size: int,
    num_classes: int,
    seed: int,
    num_characters: int | None = None,
    character_size: int | None = None,
) -> Classifier:
    """The network of `model` that reads ids and gives logits of C classes; equal seeds give equal weights.

    Args:
        num_characters: given with `character_size`: ids are words, and each has its characters with it.
    """
    inputs = _inputs(model, vocabulary_size, num_characters, character_size)
    return Classifier(*_parts(model, *inputs, num_classes, seed))


def build_tagger(
    model: Model,
    vocabulary_size: int,
    num_classes: int,
    seed: int,
    num_characters: int | None = None,
    character_size: int | None = None,
) -> Tagger:
    """The network of `model` that reads ids and gives logits of C classes at every step."""
    inputs = _inputs(model, vocabulary_size, num_characters, character_size)
    return Tagger(*_parts(model, *inputs, num_classes, seed))


def build_crf_tagger(
    model: Model,
    vocabulary_size: int,
    num_classes: int,
    seed: int,
    num_characters: int | None = None,
    character_size: int | None = None,
) -> CrfTagger:
    """The same with scores of the transitions between classes."""
    inputs = _inputs(model, vocabulary_size, num_characters, character_size)
    return CrfTagger(*_parts(model, *inputs, num_classes, seed))


def build_encoder_decoder(model: Model, vocabulary_size: int, target_vocabulary_size: int, seed: int) -> EncoderDecoder:
    """The network of `model` that reads a sequence of V tokens and writes one of W; equal seeds give equal weights."""
    return _encoder_decoder(model, vocabulary_size, target_vocabulary_size, seed, None)


def build_dot_attention(model: Model, vocabulary_size: int, target_vocabulary_size: int, seed: int) -> EncoderDecoder:
    """The same that looks at the source again at every step, where its state points."""
    return _encoder_decoder(model, vocabulary_size, target_vocabulary_size, seed, DotAttention)


def build_additive_attention(
    model: Model, vocabulary_size: int, target_vocabulary_size: int, seed: int
) -> EncoderDecoder:
    """The same, by a small network of its state and of what it looks at."""
    return _encoder_decoder(model, vocabulary_size, target_vocabulary_size, seed, AdditiveAttention)


def _encoder_decoder(
    model: Model,
    vocabulary_size: int,
    target_vocabulary_size: int,
    seed: int,
    attention: Callable[[int], DotAttention] | None,
) -> EncoderDecoder:
    """The decoder is a model of one direction, with a unit for each feature of the encoder."""
    stacks = _stacks(model, model.embedding_size or vocabulary_size)
    size = _num_features(stacks)
    writer = model.model_copy(update={"bidirectional": False, "hidden_size": size})
    target_embed = embedding(target_vocabulary_size, model.embedding_size)
    tied_to = target_embed if model.tied_embeddings and isinstance(target_embed, nn.Embedding) else None
    network = EncoderDecoder(
        embedding(vocabulary_size, model.embedding_size),
        Encoder(*stacks),
        Bridge(2 if model.cell == "lstm" else 1, model.num_layers, size),
        target_embed,
        _stack(writer, model.embedding_size or target_vocabulary_size),
        attention(size) if attention else None,
        Readout(target_vocabulary_size, size, tied_to),
    )
    initialise_encoder_decoder(network, model, seed)
    return network


def _inputs(
    model: Model, vocabulary_size: int, num_characters: int | None, character_size: int | None
) -> tuple[nn.Module, int]:
    """What reads ids, and the size of its vectors."""
    words, size = embedding(vocabulary_size, model.embedding_size), model.embedding_size or vocabulary_size
    if num_characters is None or character_size is None:
        assert num_characters is character_size, "both are sizes of the characters"
        return words, size
    return WordsAndCharacters(words, num_characters, character_size), size + character_size


def _parts(
    model: Model, embed: nn.Module | None, input_size: int, num_outputs: int, seed: int
) -> tuple[nn.Module | None, Encoder, Readout]:
    """Those of a network that reads a whole sequence."""
    stacks = _stacks(model, input_size)
    readout = Readout(num_outputs, _num_features(stacks))
    initialise(model, seed, embed=embed, stacks=stacks, readout=readout)
    return embed, Encoder(*stacks), readout


BUILDERS: Mapping[Kind, Callable[..., nn.Module]] = {
    "language_model": build_language_model,
    "regressor": build_regressor,
    "classifier": build_classifier,
    "frame_classifier": build_frame_classifier,
    "tagger": build_tagger,
    "frame_tagger": build_frame_tagger,
    "crf_tagger": build_crf_tagger,
    "encoder_decoder": build_encoder_decoder,
    "dot_attention": build_dot_attention,
    "additive_attention": build_additive_attention,
}

OF_ALL = ("model", "seed")
"""What every builder asks."""


def sizes_of(kind: Kind) -> list[Set[str]]:
    """The sizes that a kind of network is built with, beside those of its model: without and with its options.

    >>> sizes_of("regressor"), [len(sizes) for sizes in sizes_of("tagger")]
    ([{'num_inputs'}], [2, 4])
    """
    sizes = {name: of for name, of in inspect.signature(BUILDERS[kind]).parameters.items() if name not in OF_ALL}
    needed = {name for name, of in sizes.items() if of.default is of.empty}
    return [needed] if needed == sizes.keys() else [needed, sizes.keys()]


def _stacks(model: Model, input_size: int) -> list[RecurrentStack]:
    """One a direction, that from the left first."""
    return [_stack(model, input_size) for _ in range(2 if model.bidirectional else 1)]


def _stack(model: Model, input_size: int) -> RecurrentStack:
    sizes = {"input_size": input_size, "hidden_size": model.hidden_size, "num_layers": model.num_layers}
    between_layers = model.dropout if model.num_layers > 1 else 0.0
    match model:
        case RnnModel():
            rnn = nn.RNN(**sizes, nonlinearity=model.nonlinearity, batch_first=True, dropout=between_layers)
        case GruModel():
            rnn = nn.GRU(**sizes, batch_first=True, dropout=between_layers)
        case LstmModel():
            rnn = nn.LSTM(**sizes, batch_first=True, dropout=between_layers)
    return RecurrentStack(rnn, model.dropout)


def _num_features(stacks: list[RecurrentStack]) -> int:
    """H of one direction, 2 H of two."""
    return sum(stack.rnn.hidden_size for stack in stacks)


def num_parameters(network: nn.Module) -> int:
    """Trained numbers; the begin token's fixed row is not one."""
    fixed = sum(m.embedding_dim for m in network.modules() if isinstance(m, nn.Embedding))
    return sum(p.numel() for p in network.parameters()) - fixed


def num_weights(model: Model, vocabulary_size: int, num_conditions: int = 0) -> int:
    """How many numbers `build_language_model` will draw, the begin token's row among them."""
    width, directions = model.hidden_size, 2 if model.bidirectional else 1
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[model.cell]
    inputs = (model.embedding_size or vocabulary_size + num_conditions) + (
        model.num_layers - 1
    ) * width  # of all layers
    stack = gates * width * (inputs + model.num_layers * (width + 2))  # torch has two biases
    embed = (vocabulary_size + 1 + num_conditions) * (model.embedding_size or 0)
    readout = vocabulary_size * (1 if model.tied_embeddings else directions * width + 1)
    return directions * stack + embed + readout
