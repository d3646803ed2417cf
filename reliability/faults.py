"""Whether a stage that is killed ends with the same bytes after all: `python -m reliability.faults`.

A small project is run once undisturbed. Then its stages are killed at random moments, by every signal, alone or with
DVC, some twice, some with their newest state damaged afterwards; and run until they end well. What came out, what
dvc.lock says of it and what MLflow holds must be what it was. The same for two stages under `unroll repro --jobs 2`,
where it is killed itself, or what it runs. The figures go into docs/reliability.md.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from rich.progress import Progress

from reliability import side_by_side
from reliability.project import ROOT, hear_interrupts
from reliability.trials import TASK, TRAIN, Outcome, make_fragile_project, trials, tried, undisturbed

PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"
NUM_TRIALS = 20
SEED = 1
SIDE_BY_SIDE = 2


def main() -> None:
    """Do the trials, write the page's section, and exit: 0 where all came out equal, 1 where one did not."""
    hear_interrupts()
    with TemporaryDirectory() as scratch, Progress() as progress, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        task = progress.add_task("Trials", total=2 * NUM_TRIALS)

        def show(said: str) -> None:
            progress.console.print(said, highlight=False, markup=False, soft_wrap=True)
            progress.advance(task)

        pristine = Path(scratch, "pristine")
        make_fragile_project(pristine)
        expected = {stage: undisturbed(pristine, stage) for stage in (TRAIN, TASK)}
        outcomes = []
        for outcome in pool.map(lambda t: tried(t, expected[t.stage], pristine), trials(NUM_TRIALS, Random(SEED))):
            show(line(outcome))
            outcomes.append(outcome)
        both, of_jobs = side_by_side.both_undisturbed(pristine), []
        for number, blows in enumerate(side_by_side.trials(NUM_TRIALS, Random(SEED))):
            of_jobs.append(side_by_side.tried(number, blows, both, pristine))
            show(line_of_jobs(of_jobs[-1]))
    write_section(PAGE, f"{figures(outcomes)}\n\n{figures_of_jobs(of_jobs)}")
    sys.exit(any(outcome.wrong for outcome in [*outcomes, *of_jobs]))


def line(outcome: Outcome) -> str:
    """A trial in one line, and what was wrong below it."""
    trial = outcome.trial
    kills = ", ".join(f"{kill.signal.name}{' to all' if kill.group else ''} ({kill.moment})" for kill in outcome.kills)
    went_on = ", ".join(f"{share:.0%}" for share in outcome.shares) or "the start"
    damage = f", newest state {trial.damage.__name__}" if trial.damage else ""
    end = "; ".join(outcome.wrong) or "equal"
    return f"{trial.number:2} {trial.stage}: {kills}{damage}; went on from {went_on}: {end}"


def figures(outcomes: Sequence[Outcome]) -> str:
    """The page's section.

    >>> import signal
    >>> from reliability.kills import Kill
    >>> from reliability.trials import TRAIN, Trial
    >>> kill = Kill(signal.SIGKILL, True, "write", 0.5)
    >>> print(figures([Outcome(Trial(0, TRAIN, [kill]), [kill], 1, [0.5])]))
    | what was done | how often |
    |---|---|
    | trials of `train@char-gru-1` | 1 |
    | kills by SIGKILL | 1 |
    | kills of DVC and its stage at once | 1 |
    | kills while a state was being written | 1 |
    | trials with two kills one after the other | 0 |
    | trials with a damaged newest state | 0 |
    | starts that went on from a state | 1, from 50 % to 50 % of the steps, in the median 50 % |
    | trials that ended with equal files, dvc.lock and MLflow run | 1 of 1 |
    """
    kills = [kill for outcome in outcomes for kill in outcome.kills]
    stages = Counter(f"trials of `{outcome.trial.stage}`" for outcome in outcomes)
    signals = Counter(f"kills by {kill.signal.name}" for kill in kills)
    rows = {
        **dict(sorted(stages.items())),
        **dict(sorted(signals.items())),
        "kills of DVC and its stage at once": sum(kill.group for kill in kills),
        "kills while a state was being written": sum(outcome.writes for outcome in outcomes),
        "trials with two kills one after the other": sum(len(outcome.kills) > 1 for outcome in outcomes),
        "trials with a damaged newest state": sum(outcome.trial.damage is not None for outcome in outcomes),
        "starts that went on from a state": _spread([share for outcome in outcomes for share in outcome.shares]),
        "trials that ended with equal files, dvc.lock and MLflow run": (
            f"{sum(not outcome.wrong for outcome in outcomes)} of {len(outcomes)}"
        ),
    }
    return _table("what was done", rows)


def line_of_jobs(outcome: side_by_side.Outcome) -> str:
    """A trial of `unroll repro` in one line, and what was wrong below it."""
    blows = ", ".join(f"{blow.signal.name} to {blow.victim}" for blow in outcome.blows)
    return f"{outcome.number:2} {side_by_side.COMMAND}: {blows}: {'; '.join(outcome.wrong) or 'equal'}"


def figures_of_jobs(outcomes: Sequence[side_by_side.Outcome]) -> str:
    """The page's table of the trials of `unroll repro`.

    >>> import signal
    >>> print(figures_of_jobs([side_by_side.Outcome(0, [side_by_side.Blow("DVC", signal.SIGKILL, 0.1)])]))
    | what was done under `unroll repro --jobs 2` | how often |
    |---|---|
    | trials | 1 |
    | kills of `unroll repro` itself | 0 |
    | kills of a DVC below it | 1 |
    | kills of a stage below it | 0 |
    | trials with two kills one after the other | 0 |
    | trials that ended with the files, dvc.lock and MLflow runs of `dvc repro` | 1 of 1 |
    """
    victims = Counter(blow.victim for outcome in outcomes for blow in outcome.blows)
    rows = {
        "trials": len(outcomes),
        "kills of `unroll repro` itself": victims["unroll"],
        "kills of a DVC below it": victims["DVC"],
        "kills of a stage below it": victims["stage"],
        "trials with two kills one after the other": sum(len(outcome.blows) > 1 for outcome in outcomes),
        "trials that ended with the files, dvc.lock and MLflow runs of `dvc repro`": (
            f"{sum(not outcome.wrong for outcome in outcomes)} of {len(outcomes)}"
        ),
    }
    return _table("what was done under `unroll repro --jobs 2`", rows)


def _table(head: str, rows: Mapping[str, int | str]) -> str:
    return "\n".join([f"| {head} | how often |", "|---|---|", *(f"| {what} | {n} |" for what, n in rows.items())])


def _spread(shares: Sequence[float]) -> str:
    low, middle, high = (f"{100 * of(shares):.0f} %" for of in (min, median, max))
    return f"{len(shares)}, from {low} to {high} of the steps, in the median {middle}"


def write_section(page: Path, section: str) -> None:
    """Put the section between its two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{section}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
