"""Section of params.yaml: how new sequences are drawn."""

from typing import Annotated

from pydantic import Field

from pipeline.base.params import Count, PositiveFloat, Section

Probability = Annotated[float, Field(gt=0, le=1)]


class SamplingParams(Section):
    """How new sequences are drawn."""

    num_samples: Count
    max_tokens: Count
    temperature: PositiveFloat
    top_k: Count | None
    top_p: Probability | None
    prompt: str
    """Text that each sample starts with; empty for none."""
