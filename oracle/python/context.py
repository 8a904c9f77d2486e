"""Context variables: who sees what."""

import asyncio
import contextvars

from registry import scenario

USER = contextvars.ContextVar("user", default="nobody")


@scenario
async def a_task_copies_the_variables_of_its_spawner(trace):
    async def talk():
        trace(f"task: {USER.get()}")
        USER.set("task")
        trace(f"task: {USER.get()}")

    USER.set("main")
    task = asyncio.create_task(talk())
    USER.set("main again")
    await task
    trace(f"main: {USER.get()}")


@scenario
async def a_child_of_a_group_copies_them_too(trace):
    async def talk():
        trace(f"child: {USER.get()}")
        USER.set("child")

    USER.set("main")
    async with asyncio.TaskGroup() as group:
        group.create_task(talk())
    trace(f"main: {USER.get()}")


@scenario
async def what_is_awaited_shares_them(trace):
    async def login():
        USER.set("ada")

    await login()
    trace(f"main: {USER.get()}")


@scenario
async def a_member_of_gather_sets_them(trace):
    async def login(name):
        USER.set(name)

    await asyncio.gather(login("ada"))
    trace(f"main: {USER.get()}")


@scenario
async def a_thread_sees_them(trace):
    USER.set("main")
    trace(f"thread: {await asyncio.to_thread(USER.get)}")


@scenario
async def a_thread_gives_its_value_and_its_error(trace):
    def divide(one, other):
        return one // other

    trace(f"got {await asyncio.to_thread(divide, 6, 2)}")
    try:
        await asyncio.to_thread(divide, 6, 0)
    except ZeroDivisionError:
        trace("cannot be divided")
