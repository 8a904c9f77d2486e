"""The routes of the server rows with aiohttp: prints its port, and ends when its input does."""

import asyncio
import sys

from aiohttp import web

FOX = {"name": "Vulpes vulpes", "legs": 4, "colours": ["red", "white"]}


async def text(_):
    return web.Response(text="Hello, world!")


async def json(_):
    return web.json_response(FOX)


async def main():
    app = web.Application()
    app.add_routes([web.get("/", text), web.get("/json", json)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
