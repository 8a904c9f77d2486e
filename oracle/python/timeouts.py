"""Timeouts, alone and inside of each other; and what goes on in spite of them."""

import asyncio

from registry import fail, scenario, work


@scenario
async def a_timeout_that_expires(trace):
    try:
        async with asyncio.timeout(1):
            await work(trace, "A", 10)
    except TimeoutError:
        trace("timed out")


@scenario
async def a_timeout_that_is_not_needed(trace):
    async with asyncio.timeout(2):
        trace(f"got {await work(trace, 'A', 1)}")


@scenario
async def wait_for_expires(trace):
    try:
        await asyncio.wait_for(work(trace, "A", 10), 1)
    except TimeoutError:
        trace("timed out")


@scenario
async def a_timeout_of_zero_lets_pass_what_need_not_wait(trace):
    async def ready():
        return "at once"

    async with asyncio.timeout(0):
        trace(f"got {await ready()}")
    try:
        async with asyncio.timeout(0):
            await work(trace, "A", 1)
    except TimeoutError:
        trace("timed out")


@scenario
async def a_deadline_in_the_past(trace):
    await asyncio.sleep(5)
    try:
        async with asyncio.timeout_at(3):
            await work(trace, "A", 1)
    except TimeoutError:
        trace("timed out")


@scenario
async def the_inner_timeout_is_the_shorter_one(trace):
    try:
        async with asyncio.timeout(3):
            try:
                async with asyncio.timeout(1):
                    await work(trace, "A", 10)
            except TimeoutError:
                trace("inner")
            await work(trace, "B", 1)
        trace("in time")
    except TimeoutError:
        trace("outer")


@scenario
async def the_outer_timeout_is_the_shorter_one(trace):
    try:
        async with asyncio.timeout(1):
            try:
                async with asyncio.timeout(3):
                    await work(trace, "A", 10)
            except TimeoutError:
                trace("inner")
    except TimeoutError:
        trace("outer")


@scenario
async def a_timeout_that_is_moved(trace):
    try:
        async with asyncio.timeout(1) as limit:
            await work(trace, "A", 0.5)
            limit.reschedule(asyncio.get_running_loop().time() + 2)
            await work(trace, "B", 1)
            await work(trace, "C", 10)
    except TimeoutError:
        trace(f"timed out: {str(limit.expired()).lower()}")


@scenario
async def a_timeout_waits_for_the_clean_up(trace):
    async def careful():
        try:
            await work(trace, "A", 10)
        finally:
            await asyncio.sleep(1)
            trace("A clean")

    try:
        async with asyncio.timeout(1):
            await careful()
    except TimeoutError:
        trace("timed out")
    await asyncio.sleep(5)


@scenario
async def an_error_in_time_is_the_error(trace):
    try:
        async with asyncio.timeout(2):
            await fail(trace, "A", 1)
    except TimeoutError:
        trace("timed out")
    except ValueError as error:
        trace(f"got: {error}")


@scenario
async def a_shielded_operation_goes_on(trace):
    try:
        async with asyncio.timeout(1):
            await asyncio.shield(work(trace, "A", 2))
    except TimeoutError:
        trace("timed out")
    await asyncio.sleep(5)
    trace("end")


@scenario
async def a_shield_gives_the_value(trace):
    trace(f"got {await asyncio.shield(work(trace, 'A', 1))}")


@scenario
async def who_ignores_its_cancellation(trace):
    async def stubborn():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            trace("no")
        await work(trace, "A", 1)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(1)
    task.cancel()
    await task
    trace("gone")
