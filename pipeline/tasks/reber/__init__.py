"""Embedded Reber grammar: the second symbol comes again as the last but one."""
