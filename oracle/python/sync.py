"""Locks and their relatives: who comes first, and what becomes of those who give up."""

import asyncio

from registry import scenario


@scenario
async def a_lock_goes_to_who_waits_longest(trace):
    lock = asyncio.Lock()

    async def enter(name):
        async with lock:
            trace(f"{name} in")
            await asyncio.sleep(1)
            trace(f"{name} out")

    await asyncio.gather(*(enter(name) for name in "ABC"))


@scenario
async def who_gives_up_is_passed_over(trace):
    lock = asyncio.Lock()

    async def enter(name):
        async with lock:
            trace(f"{name} in")

    await lock.acquire()
    impatient = asyncio.create_task(enter("A"))
    patient = asyncio.create_task(enter("B"))
    await asyncio.sleep(1)
    impatient.cancel()
    await asyncio.sleep(1)
    lock.release()
    await patient
    trace(f"locked: {str(lock.locked()).lower()}")


@scenario
async def who_gives_up_when_it_was_woken_loses_no_lock(trace):
    lock = asyncio.Lock()

    async def enter(name):
        async with lock:
            trace(f"{name} in")

    await lock.acquire()
    impatient = asyncio.create_task(enter("A"))
    patient = asyncio.create_task(enter("B"))
    await asyncio.sleep(1)
    lock.release()
    impatient.cancel()
    await patient


@scenario
async def an_event_lets_all_go_on(trace):
    event = asyncio.Event()

    async def wait(name):
        await event.wait()
        trace(f"{name} goes on")

    tasks = [asyncio.create_task(wait(name)) for name in "ABC"]
    await asyncio.sleep(1)
    event.set()
    event.clear()
    await asyncio.gather(*tasks)
    trace(f"set: {str(event.is_set()).lower()}")


@scenario
async def an_event_that_is_set_holds_nobody_up(trace):
    event = asyncio.Event()
    event.set()
    await event.wait()
    trace("went on")


@scenario
async def a_condition_notifies_in_the_order_of_waiting(trace):
    condition = asyncio.Condition()

    async def wait(name):
        async with condition:
            await condition.wait()
            trace(f"{name} notified")

    tasks = [asyncio.create_task(wait(name)) for name in "ABC"]
    await asyncio.sleep(1)
    async with condition:
        condition.notify(2)
    await asyncio.sleep(1)
    async with condition:
        condition.notify_all()
    await asyncio.gather(*tasks)


@scenario
async def a_condition_is_looked_at_again(trace):
    condition = asyncio.Condition()
    stock = 0

    async def customer():
        nonlocal stock
        async with condition:
            await condition.wait_for(lambda: stock >= 2)
            stock -= 2
            trace("bought two")

    task = asyncio.create_task(customer())
    for _ in range(3):
        await asyncio.sleep(1)
        async with condition:
            stock += 1
            trace("one delivered")
            condition.notify()
    await task
    trace(f"left {stock}")


@scenario
async def a_semaphore_lets_so_many_in_in_their_order(trace):
    semaphore = asyncio.Semaphore(2)

    async def enter(name, seconds):
        async with semaphore:
            trace(f"{name} in")
            await asyncio.sleep(seconds)
            trace(f"{name} out")

    await asyncio.gather(enter("A", 3), enter("B", 1), enter("C", 1), enter("D", 1))


@scenario
async def a_bounded_semaphore_takes_no_more_than_it_gave(trace):
    semaphore = asyncio.BoundedSemaphore(1)
    await semaphore.acquire()
    semaphore.release()
    try:
        semaphore.release()
    except ValueError:
        trace("refused")


@scenario
async def a_barrier_gives_positions(trace):
    barrier = asyncio.Barrier(3)

    async def arrive(name, seconds):
        await asyncio.sleep(seconds)
        position = await barrier.wait()
        trace(f"{name} was number {position}")

    tasks = [asyncio.create_task(arrive(name, seconds)) for name, seconds in [("A", 2), ("B", 1), ("C", 3)]]
    for task in tasks:
        await task


@scenario
async def a_barrier_that_is_aborted_sends_all_away(trace):
    barrier = asyncio.Barrier(3)

    async def arrive(name):
        try:
            await barrier.wait()
        except asyncio.BrokenBarrierError:
            trace(f"{name} sent away")

    tasks = [asyncio.create_task(arrive(name)) for name in "AB"]
    await asyncio.sleep(1)
    await barrier.abort()
    await asyncio.gather(*tasks)
    await arrive("C")


@scenario
async def a_barrier_begins_again_after_a_reset(trace):
    barrier = asyncio.Barrier(2)

    async def arrive(name):
        try:
            await barrier.wait()
            trace(f"{name} goes on")
        except asyncio.BrokenBarrierError:
            trace(f"{name} sent away")

    first = asyncio.create_task(arrive("A"))
    await asyncio.sleep(1)
    await barrier.reset()
    await first
    await asyncio.gather(arrive("B"), arrive("C"))


@scenario
async def a_future_gives_what_was_set(trace):
    future = asyncio.get_running_loop().create_future()

    async def wait():
        trace(f"got {await future}")

    task = asyncio.create_task(wait())
    await asyncio.sleep(1)
    future.set_result("a value")
    await task


@scenario
async def who_waits_for_a_value_may_give_up(trace):
    future = asyncio.get_running_loop().create_future()
    try:
        await asyncio.wait_for(future, 1)
    except TimeoutError:
        trace("gave up")
    trace(f"wanted: {str(not future.cancelled()).lower()}")
