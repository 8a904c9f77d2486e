"""The work of the rows that asyncio has as well: prints the nanoseconds per operation of the second go."""

import asyncio
import random
import sys
import time

NAME, LOOP, SCALE = sys.argv[1:4]


def scaled(full):
    return full if SCALE == "full" else full // 100


async def nothing():
    pass


async def yields(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def spawn(tasks):
    """Batches of a thousand, joined in their order."""
    for _ in range(tasks // 1000):
        for task in [asyncio.create_task(nothing()) for _ in range(1000)]:
            await task


async def tasks_that_yield(operations):
    await asyncio.gather(*(yields(operations // 1000) for _ in range(1000)))


async def group(children):
    async with asyncio.TaskGroup() as tasks:
        for _ in range(children):
            tasks.create_task(yields(1))


async def gather(children):
    await asyncio.gather(*(yields(1) for _ in range(children)))


async def ping_pong(round_trips):
    there, back = asyncio.Queue(1), asyncio.Queue(1)

    async def echo():
        for _ in range(round_trips):
            await back.put(await there.get())

    async def call():
        for number in range(round_trips):
            await there.put(number)
            await back.get()

    await asyncio.gather(echo(), call())


async def sleeps(tasks):
    # In a quick run shorter, as the others' are.
    longest = scaled(1000)
    chance = random.Random(1)
    await asyncio.gather(*(asyncio.sleep(chance.randint(0, longest) / 1000) for _ in range(tasks)))


async def timeouts(count):
    for _ in range(count):
        async with asyncio.timeout(1):
            await asyncio.sleep(0)


async def echo(round_trips):
    """64 connections, 512 bytes. Streams, because they are what one is told to use."""

    async def serve(reader, writer):
        while data := await reader.read(512):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def call(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(round_trips // 64):
            writer.write(b"x" * 512)
            await writer.drain()
            await reader.readexactly(512)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(call(port) for _ in range(64)))
    server.close()


# How much is a tenth of what the others do, or less: a number is per operation, and these take longer.
ROWS = {
    "spawn": (spawn, 100_000, time.monotonic_ns),
    "yields": (tasks_that_yield, 200_000, time.monotonic_ns),
    "group": (group, 10_000, time.monotonic_ns),
    "gather": (gather, 10_000, time.monotonic_ns),
    "ping-pong": (ping_pong, 50_000, time.monotonic_ns),
    "sleeps": (sleeps, 100_000, time.process_time_ns),
    "timeouts": (timeouts, 100_000, time.monotonic_ns),
    "echo": (echo, 12_800, time.monotonic_ns),
}


async def main():
    work, full, clock = ROWS[NAME]
    # Rounded to what the work is divided into: never less than one of each.
    operations = max(scaled(full), 1000)
    for _ in range(2):
        start = clock()
        await work(operations)
        elapsed = clock() - start
    print(elapsed / operations)


if LOOP == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
