"""Agreement: was or were, by the number of a subject some words before."""

from pipeline.memory.agreement.data import Agreement
from pipeline.memory.agreement.params import AgreementTask
from pipeline.memory.string_task import string_task


def _strings(params: AgreementTask) -> Agreement:
    return Agreement(params.lengths, params.unseen_lengths, params.max_attractors)


TASK = string_task(AgreementTask, _strings)
