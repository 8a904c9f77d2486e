"""The work of the client rows with aiohttp: prints the nanoseconds per request of the second go."""

import asyncio
import sys
import time

import aiohttp
import yarl


async def one_after_the_other(session, address, requests):
    for _ in range(requests):
        async with session.get(address) as response:
            await response.read()


async def main(address, connections, requests):
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(2):
            start = time.monotonic_ns()
            tasks = (one_after_the_other(session, address, requests) for _ in range(connections))
            await asyncio.gather(*tasks)
            elapsed = time.monotonic_ns() - start
    print(elapsed / (connections * requests))


asyncio.run(main(yarl.URL(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
