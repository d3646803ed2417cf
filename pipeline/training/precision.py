"""The precision in which a training multiplies matrices."""

import torch

from pipeline.base.errors import PipelineError
from pipeline.base.params import Precision

MULTIPLY_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")
"""What torch calls the instructions of processors that multiply bfloat16 themselves; the last is ARM's."""


def in_precision(precision: Precision, device: torch.device) -> torch.autocast:
    """A block whose operations torch takes in bfloat16 where it thinks that safe (products, recurrent layers), or none.

    Weights, their gradients and the optimiser stay in float32 (Micikevicius et al. 2018, arXiv:1710.03740; bfloat16
    has float32's range, so that no loss has to be scaled: Kalamkar et al. 2019, arXiv:1905.12322).
    Lightning's own setting would cover all that a step calls, validations too.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def check_precision(wanted: Precision, accelerator: str) -> None:
    """See that the processor that learns has this precision.

    Raises:
        PipelineError: where torch would emulate bfloat16, which takes longer than float32.
    """
    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    if wanted == "float32" or (_gpu_has_bfloat16() if on_gpu else _cpu_has_bfloat16()):
        return
    rule = "bfloat16 needs a GPU that multiplies it, or a CPU with AVX512_BF16, AMX or ARM's BF16"
    got = f"a {'GPU' if on_gpu else 'CPU'} without"
    raise PipelineError("params.yaml: runtime.precision", rule, got, "set float32")


def _gpu_has_bfloat16() -> bool:
    return torch.cuda.is_bf16_supported(including_emulation=False)


def _cpu_has_bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in MULTIPLY_BFLOAT16)
