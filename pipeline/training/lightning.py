"""Lightning, without an import that nothing here uses.

torchmetrics, which Lightning imports, imports scipy.signal to give an old name of it back to a third library: a fifth
of what importing Lightning takes (`python -X importtime -c "import pytorch_lightning"`), for every stage that trains.
A stand-in that has the name stays in its place meanwhile.
"""

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


with _stand_in("scipy.signal", "hamming"):
    import pytorch_lightning as pl

__all__ = ["pl"]
