"""A slow disk, for every Python that has this folder in PYTHONPATH: who is to be killed in a write can be met in it.

On a disk in memory a state is written in less time than it takes to look for it.
"""

import os
import time

SECONDS = 0.03

_fsync = os.fsync


def _slow_fsync(file: int) -> None:
    time.sleep(SECONDS)
    _fsync(file)


os.fsync = _slow_fsync
