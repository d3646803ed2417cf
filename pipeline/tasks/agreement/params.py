"""Section of params.yaml: how agreement is learned and asked."""

from typing import Annotated

from pydantic import Field

from pipeline.tasks.params import DrawnParamsOfLengths


class AgreementParams(DrawnParamsOfLengths):
    """English sentences: was or were, by the number of a subject `lengths` words before."""

    max_attractors: Annotated[int, Field(ge=0)]
    """Nouns between them that have a number."""


PARAMS = AgreementParams
