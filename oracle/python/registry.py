"""What a scenario is: a coroutine function that is given a trace. The trace is all that counts."""

import asyncio
import sys

from clock import VirtualLoop

SCENARIOS = []


def scenario(function=None, *, since=(3, 11)):
    """Registers a scenario, which needs a Python that is not older than `since`."""
    if function is None:
        return lambda function: scenario(function, since=since)
    SCENARIOS.append((function, since))
    return function


class Trace:
    """Lines of text, each with the seconds since the beginning."""

    def __init__(self, loop):
        self.loop = loop
        self.lines = []

    def __call__(self, text):
        self.lines.append(f"{round(self.loop.time(), 3):g} {text}")


def play(function):
    # What is left at the end is cancelled by the runner, and traced as well.
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        trace = Trace(runner.get_loop())
        runner.run(function(trace))
    return trace.lines


def play_all():
    """One record for each scenario: its lines, or the version that it needs."""
    for function, since in SCENARIOS:
        if sys.version_info >= since:
            yield {"name": function.__name__, "lines": play(function)}
        else:
            yield {"name": function.__name__, "needs": ".".join(map(str, since))}


async def work(trace, name, seconds):
    """Takes its time, and says how it ended."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        trace(f"{name} cancelled")
        raise
    trace(f"{name} done")
    return name


async def fail(trace, name, seconds):
    """Takes its time, and fails."""
    await work(trace, name, seconds)
    raise ValueError(f"{name} failed")
