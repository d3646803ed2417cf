"""The task's entry of params.yaml."""

from pipeline.tasks.pair_params import PairParams

PARAMS = PairParams
