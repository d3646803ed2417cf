"""The stages of dvc.yaml, one module each, run as `python -m stages.NAME`."""

import atexit
import gc

gc.set_threshold(50_000, 20, 100)  # imports leave a million objects that stay: to look through them took a tenth of it
atexit.register(gc.freeze)  # nor are they looked through at the end, which took a second
