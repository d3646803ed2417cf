"""Every module of ours, by name."""

from pkgutil import walk_packages

import pipeline
import stages

MODULES = sorted(
    found.name for ours in (pipeline, stages) for found in walk_packages(ours.__path__, f"{ours.__name__}.")
)
