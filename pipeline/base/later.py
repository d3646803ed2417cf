"""What a later stage would refuse, said before the trainings rather than after them.

A stage that asks for `later` sees no value of it: it is told nothing, or ends with an error. So no out depends on
params that dvc.yaml does not name for its stage, and a change of them re-runs nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.base.errors import ArtifactError
from pipeline.base.params import GradientsParams, SamplingParams


@dataclass(frozen=True)
class Later:
    """Sections of params.yaml that stages after this one read, of its level."""

    _gradients: GradientsParams
    _sampling: SamplingParams

    def check(self, validation_tokens: int, read_prompt: Callable[[str], object]) -> None:
        """Refuse what `gradients` or `sampling` would.

        Args:
            read_prompt: refuses a prompt with tokens that the vocabulary lacks.

        Raises:
            PipelineError: where the validation text is too short for the gradients, or the prompt is refused.
        """
        check_length(validation_tokens, self._gradients.max_lag, self._gradients.positions)
        read_prompt(self._sampling.prompt)


def check_length(validation_tokens: int, max_lag: int, positions: int) -> None:
    """Refuse a validation text that has not `positions` different places with 2 K tokens before and K after them."""
    needed = 3 * max_lag + positions
    if validation_tokens < needed:
        rule = f"needs 3 max_lag + positions = {needed} tokens"
        what_to_do = "lower gradients.max_lag or gradients.positions, or give more text"
        raise ArtifactError("gradients: validation ids", rule, validation_tokens, what_to_do)
