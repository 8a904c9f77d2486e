"""Queues: the order of items and of those who wait for them, and how a queue ends."""

import asyncio

from registry import scenario


@scenario
async def items_come_out_as_they_went_in(trace):
    queue = asyncio.Queue()
    for number in range(3):
        await queue.put(number)
    while not queue.empty():
        trace(f"got {await queue.get()}")


@scenario
async def a_full_queue_holds_its_producer_up(trace):
    queue = asyncio.Queue(1)

    async def produce():
        for number in range(3):
            await queue.put(number)
            trace(f"put {number}")

    producer = asyncio.create_task(produce())
    for _ in range(3):
        await asyncio.sleep(1)
        trace(f"got {await queue.get()}")
    await producer


@scenario
async def who_waits_longest_gets_the_first_item(trace):
    queue = asyncio.Queue()

    async def consume(name):
        trace(f"{name} got {await queue.get()}")

    consumers = [asyncio.create_task(consume(name)) for name in "ABC"]
    await asyncio.sleep(1)
    for number in range(3):
        queue.put_nowait(number)
    await asyncio.gather(*consumers)


@scenario
async def producers_are_let_in_in_their_order(trace):
    queue = asyncio.Queue(1)
    queue.put_nowait("first")
    producers = [asyncio.create_task(queue.put(name)) for name in "ABC"]
    await asyncio.sleep(1)
    for _ in range(4):
        trace(f"got {await queue.get()}")
    await asyncio.gather(*producers)


@scenario
async def the_last_in_is_the_first_out(trace):
    queue = asyncio.LifoQueue()
    for number in range(3):
        queue.put_nowait(number)
    for _ in range(3):
        trace(f"got {queue.get_nowait()}")


@scenario
async def the_smallest_is_the_first_out(trace):
    queue = asyncio.PriorityQueue()
    for item in [(2, "b"), (1, "z"), (3, "a"), (1, "y")]:
        queue.put_nowait(item)
    for _ in range(4):
        priority, name = queue.get_nowait()
        trace(f"got {priority} {name}")


@scenario
async def nothing_to_get_and_no_room_to_put(trace):
    queue = asyncio.Queue(1)
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty:
        trace("empty")
    queue.put_nowait(1)
    try:
        queue.put_nowait(2)
    except asyncio.QueueFull:
        trace("full")
    trace(f"{queue.qsize()} of {queue.maxsize}")


@scenario
async def join_waits_until_all_is_done(trace):
    queue = asyncio.Queue()
    for number in range(2):
        queue.put_nowait(number)

    async def consume():
        while True:
            number = await queue.get()
            await asyncio.sleep(1)
            trace(f"did {number}")
            queue.task_done()

    consumer = asyncio.create_task(consume())
    await queue.join()
    trace("joined")
    consumer.cancel()


@scenario
async def done_more_often_than_there_were_items(trace):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    await queue.get()
    queue.task_done()
    try:
        queue.task_done()
    except ValueError:
        trace("refused")


@scenario
async def a_consumer_that_gives_up_takes_nothing_along(trace):
    queue = asyncio.Queue()
    impatient = asyncio.create_task(queue.get())
    patient = asyncio.create_task(queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(1)
    impatient.cancel()  # it was about to get the item
    trace(f"got {await patient}")


@scenario
async def a_producer_that_gives_up_has_put_nothing(trace):
    queue = asyncio.Queue(1)
    queue.put_nowait("first")
    try:
        await asyncio.wait_for(queue.put("late"), 1)
    except TimeoutError:
        trace("gave up")
    trace(f"got {await queue.get()}")
    trace(f"left {queue.qsize()}")


@scenario(since=(3, 13))
async def a_queue_that_is_shut_down_gives_what_it_has(trace):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.shutdown()
    try:
        queue.put_nowait(2)
    except asyncio.QueueShutDown:
        trace("closed for items")
    trace(f"got {await queue.get()}")
    try:
        await queue.get()
    except asyncio.QueueShutDown:
        trace("closed for all")


@scenario(since=(3, 13))
async def a_queue_that_is_shut_down_at_once_gives_nothing(trace):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.shutdown(immediate=True)
    try:
        await queue.get()
    except asyncio.QueueShutDown:
        trace("closed for all")
    await queue.join()
    trace("joined")


@scenario(since=(3, 13))
async def a_shutdown_wakes_those_who_wait(trace):
    queue = asyncio.Queue()

    async def consume(name):
        try:
            await queue.get()
        except asyncio.QueueShutDown:
            trace(f"{name} closed")

    consumers = [asyncio.create_task(consume(name)) for name in "AB"]
    await asyncio.sleep(1)
    queue.shutdown()
    await asyncio.gather(*consumers)
