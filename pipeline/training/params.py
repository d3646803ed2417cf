"""Section of params.yaml: how a model is trained."""

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.base.params import Count, Section


class TrainingParams(Section):
    """How a model is trained; the same for every model of a level."""

    processes: Count
    """Processes that share the lanes of each window (ddp); more than one changes the order of sums."""
    batch_size: Count
    """Lanes of the stream, or units at a time."""
    bptt_steps: Annotated[int, Field(ge=2)]
    """Time steps of one window of the stream; the longest of the units (longer ones are cut in pieces)."""
    budget_tokens: Count
    """Target tokens seen in the whole training."""
    weight_decay: Annotated[float, Field(ge=0)]
    num_validations: Count
    """Evenly spaced; the best weights of them are kept."""
    log_every_steps: Count

    @model_validator(mode="after")
    def _lanes_are_dealt_evenly(self) -> "TrainingParams":
        if self.batch_size % self.processes:
            rule = f"batch_size: a multiple of processes, {self.processes}"
            raise ValueError(f"{rule} (got {self.batch_size}); change one of them")
        return self
