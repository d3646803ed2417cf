"""Section of params.yaml: what is measured of gradients."""

from pipeline.base.params import Count, Section


class GradientsParams(Section):
    """The gradient of a loss at one step with respect to earlier states."""

    max_lag: Count
    """K: steps back."""
    positions: Count
    """Places in the validation text over which norms are averaged."""
