"""A loop whose clock jumps to the next deadline when nothing is ready: the scenarios take no time, and leave nothing to chance."""

import asyncio
import selectors


class JumpingSelector(selectors.DefaultSelector):
    """Waits for events by moving the clock, except while a thread is at work, of which the clock knows nothing."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.threads = 0

    def select(self, timeout=None):
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if timeout is None or self.threads:
            return super().select(None)
        events = super().select(0)
        if not events:
            self.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self):
        return self.clock.now

    def run_in_executor(self, executor, function, *arguments):
        future = super().run_in_executor(executor, function, *arguments)
        self.clock.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _):
        self.clock.threads -= 1

    async def shutdown_default_executor(self, timeout=None):
        # Without its limit in time, over which the clock would jump.
        await super().shutdown_default_executor()
