"""Lightning, without an import that nothing here uses.

torchmetrics, which Lightning imports, imports scipy.signal to give an old name of it back to a third library: a fifth
of what importing Lightning takes (`python -X importtime -c "import pytorch_lightning"`), for every stage that trains.
A stand-in that has the name stays in its place meanwhile.

Lightning reads from the environment which rank of another launcher this is, when it is imported, and arguments of its
Trainer (`PL_TRAINER_MAX_STEPS`). Neither is ours: they are removed before.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def _stand_in(name: str, attribute: str) -> Iterator[None]:
    if name in sys.modules:
        yield
        return
    sys.modules[name] = module = ModuleType(name)
    setattr(module, attribute, None)
    try:
        yield
    finally:
        del sys.modules[name]


def _forget_other_launchers() -> None:
    for name in [name for name in os.environ if name in RANKS or name.startswith("PL_")]:
        del os.environ[name]


RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")

_forget_other_launchers()
with _stand_in("scipy.signal", "hamming"):
    import pytorch_lightning as pl
    from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment

__all__ = ["ClusterEnvironment", "pl"]
