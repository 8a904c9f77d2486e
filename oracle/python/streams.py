"""Readers of messages, on bytes that are there already."""

import asyncio

from registry import scenario


def reader_of(data, limit=64):
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(data)
    reader.feed_eof()
    return reader


@scenario
async def read_exactly_so_many_bytes(trace):
    reader = reader_of(b"abcde")
    trace(f"got {(await reader.readexactly(3)).decode()}")
    try:
        await reader.readexactly(3)
    except asyncio.IncompleteReadError as error:
        trace(f"incomplete: {error.partial.decode()} of {error.expected}")


@scenario
async def read_as_far_as_a_separator(trace):
    reader = reader_of(b"one;two;three")
    trace(f"got {(await reader.readuntil(b';')).decode()}")
    trace(f"got {(await reader.readuntil(b';')).decode()}")
    try:
        await reader.readuntil(b";")
    except asyncio.IncompleteReadError as error:
        trace(f"incomplete: {error.partial.decode()}")


@scenario
async def a_message_that_is_too_long_stays_where_it_is(trace):
    reader = reader_of(b"abcdefgh;", limit=4)
    try:
        await reader.readuntil(b";")
    except asyncio.LimitOverrunError as error:
        trace(f"too long: {error.consumed} bytes before the separator")
    trace(f"got {(await reader.readexactly(9)).decode()}")


@scenario
async def line_by_line(trace):
    reader = reader_of(b"one\ntwo\nthree")
    async for line in reader:
        trace(f"got {line.decode().rstrip()}")
    trace("end")
