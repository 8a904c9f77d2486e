"""Task groups: who is waited for, who is cancelled by whom, and which errors come out."""

import asyncio

from registry import fail, scenario, work


def told(group):
    """The errors of a group, in their order."""
    return ", ".join(f"[{told(error)}]" if isinstance(error, ExceptionGroup) else str(error) for error in group.exceptions)


@scenario
async def a_group_waits_for_its_children(trace):
    async with asyncio.TaskGroup() as group:
        group.create_task(work(trace, "A", 2))
        group.create_task(work(trace, "B", 1))
        trace("body done")
    trace("group done")


@scenario
async def a_child_gives_its_value_to_the_body(trace):
    async with asyncio.TaskGroup() as group:
        child = group.create_task(work(trace, "A", 1))
        trace(f"got {await child}")
    trace("group done")


@scenario
async def a_failure_cancels_the_siblings(trace):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(trace, "A", 1))
            group.create_task(work(trace, "B", 10))
    except ExceptionGroup as error:
        trace(told(error))


@scenario
async def a_failure_cancels_the_body(trace):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(trace, "A", 1))
            group.create_task(work(trace, "B", 10))
            await work(trace, "body", 10)
    except ExceptionGroup as error:
        trace(told(error))


@scenario
async def a_failing_body_cancels_the_children(trace):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(trace, "A", 10))
            await fail(trace, "body", 1)
    except ExceptionGroup as error:
        trace(told(error))


@scenario
async def two_that_fail_in_the_same_moment(trace):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(trace, "A", 1))
            group.create_task(fail(trace, "B", 1))
    except ExceptionGroup as error:
        trace(told(error))


@scenario
async def groups_nest_and_so_do_their_errors(trace):
    async def inner():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(trace, "A", 1))
            group.create_task(work(trace, "B", 10))

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(inner())
            group.create_task(work(trace, "C", 10))
    except ExceptionGroup as error:
        trace(told(error))


@scenario
async def a_child_may_spawn_siblings(trace):
    async with asyncio.TaskGroup() as group:

        async def parent():
            group.create_task(work(trace, "B", 2))
            await work(trace, "A", 1)

        group.create_task(parent())
    trace("group done")


@scenario
async def a_child_that_is_cancelled_is_no_failure(trace):
    async with asyncio.TaskGroup() as group:
        child = group.create_task(work(trace, "A", 10))
        group.create_task(work(trace, "B", 2))
        await asyncio.sleep(1)
        child.cancel()
    trace("group done")


@scenario
async def cancelling_the_task_cancels_its_group(trace):
    async def parent():
        async with asyncio.TaskGroup() as group:
            group.create_task(work(trace, "A", 10))

    task = asyncio.create_task(parent())
    await asyncio.sleep(1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        trace("gone")


@scenario
async def a_timeout_around_a_group(trace):
    try:
        async with asyncio.timeout(1):
            async with asyncio.TaskGroup() as group:
                group.create_task(work(trace, "A", 10))
    except TimeoutError:
        trace("timed out")


@scenario
async def a_group_waits_for_the_clean_ups_of_its_children(trace):
    async def careful():
        try:
            await work(trace, "A", 10)
        finally:
            await asyncio.sleep(1)
            trace("A clean")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(careful())
            await fail(trace, "body", 1)
    except ExceptionGroup as error:
        trace(told(error))
