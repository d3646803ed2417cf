"""Every parameter of every kind of network is of a group: of another, a training could write down no norms."""

import pytest

from pipeline.networks.build import BUILDERS, Kind, sizes_of
from pipeline.training.groups import group_of


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", BUILDERS)
def test_every_parameter_has_a_group(model, kind: Kind, bidirectional: bool):
    for names in sizes_of(kind):
        sizes = dict.fromkeys(names, 4) | ({"num_channels": 16} if "height" in names else {})  # images of 4 x 4
        network = BUILDERS[kind](model("lstm", bidirectional=bidirectional), seed=1, **sizes)
        assert {group_of(name) for name, _ in network.named_parameters()} >= {"bias", "input", "recurrent", "readout"}


def test_transitions_of_a_crf_are_a_group():
    assert [group_of(name) for name in ("start", "between", "end")] == ["transitions"] * 3


def test_a_name_of_no_group_is_our_bug():
    with pytest.raises(AssertionError, match=r"head\.weight is of no group"):
        group_of("head.weight")
