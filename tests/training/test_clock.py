"""What is counted as a step's time, by a clock that is turned by hand."""

from pipeline.training import clock as module
from pipeline.training.clock import StepClock


def test_what_lies_between_steps_is_not_counted(monkeypatch):
    now = 0.0
    monkeypatch.setattr(module.time, "process_time", lambda: now)
    clock = StepClock()
    clock.stop()  # the first step, whose begin nobody saw
    for step, between in ((2.0, 5.0), (3.0, 7.0)):
        clock.start()
        now += step
        clock.stop()
        now += between
    assert str(clock) == "2 steps took 5.000 s of CPU"
