"""Tasks: when they start, how they end, and what is left of them."""

import asyncio

from registry import fail, scenario, work


@scenario
async def tasks_start_in_the_order_of_their_spawns(trace):
    async def talk(name):
        trace(f"{name} starts")
        await asyncio.sleep(0)
        trace(f"{name} goes on")

    tasks = [asyncio.create_task(talk(name)) for name in "ABC"]
    trace("spawned")
    for task in tasks:
        await task
    trace("joined")


@scenario
async def tasks_take_turns(trace):
    async def count(name):
        for number in range(3):
            trace(f"{name} {number}")
            await asyncio.sleep(0)

    await asyncio.gather(asyncio.create_task(count("A")), asyncio.create_task(count("B")))


@scenario
async def an_await_gives_the_value(trace):
    task = asyncio.create_task(work(trace, "A", 1))
    trace(f"finished: {str(task.done()).lower()}")
    trace(f"got {await task}")


@scenario
async def an_await_gives_the_error(trace):
    task = asyncio.create_task(fail(trace, "A", 1))
    try:
        await task
    except ValueError as error:
        trace(f"got: {error}")


@scenario
async def a_task_that_is_cancelled_at_once_never_starts(trace):
    async def talk():
        trace("started")

    task = asyncio.create_task(talk())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        trace("cancelled")


@scenario
async def a_cancelled_task_is_gone_when_its_end_was_awaited(trace):
    task = asyncio.create_task(work(trace, "A", 10))
    await asyncio.sleep(1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        trace("gone")


@scenario
async def a_clean_up_may_wait(trace):
    async def careful():
        try:
            await work(trace, "A", 10)
        finally:
            trace("cleaning")
            await asyncio.sleep(1)
            trace("clean")

    task = asyncio.create_task(careful())
    await asyncio.sleep(1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        trace("gone")


@scenario
async def cancelling_what_has_ended_does_nothing(trace):
    task = asyncio.create_task(work(trace, "A", 1))
    await asyncio.sleep(2)
    task.cancel()
    trace(f"got {await task}")


@scenario
async def the_end_of_run_cancels_what_is_left(trace):
    async def careful():
        try:
            await work(trace, "A", 10)
        finally:
            trace("cleaning")
            await asyncio.sleep(1)
            trace("clean")

    task = asyncio.create_task(careful())
    await asyncio.sleep(1)
    trace("main ends")
    return task


@scenario
async def a_task_has_a_name(trace):
    async def talk():
        trace(asyncio.current_task().get_name())

    await asyncio.create_task(talk(), name="worker")


@scenario
async def sleepers_wake_by_deadline_then_by_order(trace):
    await asyncio.gather(*(work(trace, name, seconds) for name, seconds in [("A", 2), ("B", 1), ("C", 2), ("D", 1)]))
