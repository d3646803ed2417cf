"""Networks of which no two probabilities are equal."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from sizes import V

from pipeline.networks.build import Network, build_language_model
from pipeline.networks.params import Model


@pytest.fixture
def random_network(model: Callable[..., Model]) -> Callable[..., Network]:
    """A maker of networks whose every weight is random: as built, the first token's logits would be all equal."""

    def make(cell: str, **changes: Any) -> Network:
        network = build_language_model(model(cell, **changes), V, seed=1).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
            network.get_parameter("embed.weight")[V] = 0
        return network

    return make
