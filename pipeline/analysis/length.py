"""How long a text has to be for its gradients to be measured."""

from pipeline.base.errors import ArtifactError


def check_length(validation_tokens: int, max_lag: int, positions: int) -> None:
    """Refuse a validation text that has not `positions` different places with 2 K tokens before and K after them."""
    needed = 3 * max_lag + positions
    if validation_tokens < needed:
        rule = f"needs 3 max_lag + positions = {needed} tokens"
        what_to_do = "lower gradients.max_lag or gradients.positions, or give more text"
        raise ArtifactError("gradients: validation ids", rule, validation_tokens, what_to_do)
