"""Lightning comes without what nothing here uses."""

import subprocess
import sys

import pytest

CODE = """
import sys
from pipeline.training.lightning import pl
assert "scipy.signal" not in sys.modules
import scipy.signal
print(pl.Trainer.__name__, scipy.signal.convolve([1, 2], [1, 1]).tolist())
"""


@pytest.mark.slow
def test_scipys_signals_are_not_imported_and_whole_for_who_wants_them():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("Trainer [1, 3, 2]\n", "")
