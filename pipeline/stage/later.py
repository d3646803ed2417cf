"""What a later stage would refuse, said before the trainings rather than after them.

A stage that asks for `later` sees no value of it: it is told nothing, or ends with an error. So no out depends on
params that dvc.yaml does not name for its stage, and a change of them re-runs nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.analysis.length import check_length
from pipeline.analysis.params import GradientsParams
from pipeline.params import Params
from pipeline.sampling.params import SamplingParams


@dataclass(frozen=True)
class Later:
    """Sections of params.yaml that stages after this one read, of its level."""

    _gradients: GradientsParams
    _sampling: SamplingParams

    @classmethod
    def of(cls, params: Params, item: Mapping[str, Any]) -> "Later":
        """Those of an item."""
        return cls(params.gradients, params.section("sampling", item))

    def check(self, validation_tokens: int, read_prompt: Callable[[str], object]) -> None:
        """Refuse what `gradients` or `sampling` would.

        Args:
            read_prompt: refuses a prompt with tokens that the vocabulary lacks.

        Raises:
            PipelineError: where the validation text is too short for the gradients, or the prompt is refused.
        """
        check_length(validation_tokens, self._gradients.max_lag, self._gradients.positions)
        read_prompt(self._sampling.prompt)
