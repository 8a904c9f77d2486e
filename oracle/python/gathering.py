"""Several at the same time: gather, wait, as_completed."""

import asyncio

from registry import fail, scenario, work


@scenario
async def gather_keeps_the_order_of_its_arguments(trace):
    results = await asyncio.gather(work(trace, "A", 2), work(trace, "B", 1))
    trace(f"got {' '.join(results)}")


@scenario
async def gather_of_nothing(trace):
    results = await asyncio.gather()
    trace(f"got {len(results)}")


@scenario
async def gather_gives_each_error_in_its_place(trace):
    results = await asyncio.gather(work(trace, "A", 2), fail(trace, "B", 1), work(trace, "C", 3), return_exceptions=True)
    for result in results:
        trace(f"got {result}")


@scenario
async def gather_that_stops_at_the_first_error(trace):
    try:
        await asyncio.gather(work(trace, "A", 2), fail(trace, "B", 1))
    except ValueError as error:
        trace(f"got: {error}")
    await asyncio.sleep(2)
    trace("end")


@scenario
async def cancelling_a_gather_cancels_all_of_it(trace):
    try:
        async with asyncio.timeout(1):
            await asyncio.gather(work(trace, "A", 10), work(trace, "B", 10))
    except TimeoutError:
        trace("timed out")


@scenario
async def as_completed_gives_the_fastest_first(trace):
    for result in asyncio.as_completed([work(trace, "A", 3), work(trace, "B", 1), work(trace, "C", 2)]):
        trace(f"got {await result}")


@scenario
async def wait_for_the_first_that_is_done(trace):
    tasks = [asyncio.create_task(work(trace, name, seconds)) for name, seconds in [("A", 2), ("B", 1)]]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    trace(f"done {len(done)}, pending {len(pending)}")
    done, pending = await asyncio.wait(pending)
    trace(f"done {len(done)}, pending {len(pending)}")


@scenario
async def wait_for_the_first_that_fails(trace):
    tasks = [
        asyncio.create_task(work(trace, "A", 1)),
        asyncio.create_task(fail(trace, "B", 2)),
        asyncio.create_task(work(trace, "C", 3)),
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    trace(f"done {len(done)}, pending {len(pending)}")
    await asyncio.wait(pending)


@scenario
async def wait_no_longer_than_so_long(trace):
    tasks = [asyncio.create_task(work(trace, name, seconds)) for name, seconds in [("A", 1), ("B", 3)]]
    done, pending = await asyncio.wait(tasks, timeout=2)
    trace(f"done {len(done)}, pending {len(pending)}")
    await asyncio.wait(pending)
