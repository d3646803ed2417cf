"""The report of an experiment: results read from the outs of all stages, told in tables, figures and words."""
