"""The stages of dvc.yaml, one module each, run as `python -m stages.NAME`.

Imports create about a million long-lived objects: to look through them again and again took a tenth of an import's
time and of a stage's, and at the end a second. So the collector is spared before the first of them.
"""

import atexit
import gc

gc.set_threshold(50_000, 20, 100)
atexit.register(gc.freeze)
