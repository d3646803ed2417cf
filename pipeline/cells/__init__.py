"""Recurrent cells: one readable step each, with the equations they come from."""
