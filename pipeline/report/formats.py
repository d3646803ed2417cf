"""Numbers as the cells of a table show them."""

from collections.abc import Sequence

from pipeline.report.estimates import Estimate, estimate

NONE = "-"
PerSeed = Sequence[float | int | None]
"""One number a seed; None where a seed has none."""


def number(value: Estimate | None, decimals: int = 3) -> str:
    """The mean, and its 95 % interval where several seeds give one.

    >>> number(Estimate(1.5, None, 1)), number(Estimate(81234.0, 20.0, 3), 0), number(None)
    ('1.500', '81,234 ± 20', '-')
    """
    if value is None:
        return NONE
    mean = f"{value.mean:,.{decimals}f}"
    return f"{mean} ± {value.half_width:,.{decimals}f}" if value.half_width is not None else mean


def count(value: Estimate | None) -> str:
    """A number that no seed changes.

    >>> count(Estimate(81234.0, 0.0, 3)), count(None)
    ('81,234', '-')
    """
    return NONE if value is None else f"{value.mean:,.0f}"


def pooled(values: PerSeed, decimals: int = 3, none: str = NONE) -> str:
    """The number over seeds; `none` where some seed has none.

    >>> pooled([1.5]), pooled([1.0, None]), pooled([None], none="-inf")
    ('1.500', '-', '-inf')
    """
    known = [float(value) for value in values if value is not None]
    return number(estimate(known), decimals) if len(known) == len(values) else none


def percent(values: PerSeed) -> str:
    """Shares as hundredths.

    >>> percent([0.125]), percent([0.1, 0.3])
    ('12.5', '20.0 ± 127.1')
    """
    return pooled([None if value is None else 100 * value for value in values], 1)


def within(values: PerSeed, limit: int) -> str:
    """A number of steps; None stands for one beyond `limit`, the last that was measured.

    >>> within([12.0], 100), within([None], 100), within([12.0, None], 100)
    ('12', '> 100', '> 100 in 1 of 2 seeds')
    """
    beyond = sum(value is None for value in values)
    if not beyond:
        return pooled(values, 1 if len(values) > 1 else 0)
    return f"> {limit}" + (f" in {beyond} of {len(values)} seeds" if beyond < len(values) else "")
