"""The worker's event loop behaves as asyncio's own."""

from __future__ import annotations

import asyncio
import contextvars
import importlib.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_bolt.server.event_loop import EventLoop


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    loop = EventLoop()
    yield loop
    loop.close()


async def sleeps() -> float:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await asyncio.sleep(0.02)
    return loop.time() - before >= 0.02


async def times_out() -> bool:
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    except TimeoutError:
        return True
    return False


async def groups_tasks() -> bool:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.sleep(0.001 * n, n)) for n in range(3)]
    return [task.result() for task in tasks] == [0, 1, 2]


async def runs_in_executor() -> bool:
    loop = asyncio.get_running_loop()
    other = await loop.run_in_executor(None, threading.get_ident)
    return other != threading.get_ident()


async def runs_subprocess() -> bool:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('out')", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output == b"out\n" and process.returncode == 0


async def talks_over_sockets() -> bool:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(200_000))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x" * 200_000)
        answer = await reader.read(-1)
        writer.close()
        await writer.wait_closed()
    return answer == b"x" * 200_000


async def reads_level_triggered() -> bool:
    """A reader that takes one byte at a time is called until nothing is left."""
    left, right = socket.socketpair()
    left.setblocking(False)
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    seen = bytearray()

    def read() -> None:
        seen.extend(left.recv(1))
        if len(seen) == 50:
            loop.remove_reader(left)
            done.set_result(None)

    loop.add_reader(left, read)
    right.send(b"y" * 50)
    async with asyncio.timeout(5):
        await done
    left.close()
    right.close()
    return bytes(seen) == b"y" * 50


async def is_called_from_threads() -> bool:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    threading.Thread(target=loop.call_soon_threadsafe, args=(done.set_result, True)).start()
    async with asyncio.timeout(5):
        return bool(await done)


async def keeps_context() -> bool:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    variable.set(7)
    loop.call_soon(lambda: done.set_result(variable.get()))
    variable.set(8)
    return bool(await done == 7)


async def orders_callbacks() -> bool:
    loop = asyncio.get_running_loop()
    seen: list[int] = []
    for number in range(5):
        loop.call_soon(seen.append, number)
    await asyncio.sleep(0)
    return seen == [0, 1, 2, 3, 4]


async def cancels_handles() -> bool:
    loop = asyncio.get_running_loop()
    seen: list[str] = []
    soon = loop.call_soon(seen.append, "soon")
    later = loop.call_later(0.001, seen.append, "later")
    soon.cancel()
    later.cancel()
    await asyncio.sleep(0.01)
    return seen == [] and soon.cancelled() and later.cancelled()


@pytest.mark.parametrize(
    "behaviour",
    [
        sleeps,
        times_out,
        groups_tasks,
        runs_in_executor,
        talks_over_sockets,
        reads_level_triggered,
        is_called_from_threads,
        keeps_context,
        orders_callbacks,
        cancels_handles,
    ],
)
def test_loop(loop: EventLoop, behaviour: Callable[[], Any]) -> None:
    assert loop.run_until_complete(behaviour())


def test_subprocess(loop: EventLoop) -> None:
    if sys.version_info >= (3, 12):
        assert loop.run_until_complete(runs_subprocess())
        return
    watcher = asyncio.ThreadedChildWatcher()
    asyncio.set_child_watcher(watcher)
    try:
        assert loop.run_until_complete(runs_subprocess())
    finally:
        asyncio.set_child_watcher(None)


def test_signal_handlers_run_while_the_loop_waits(loop: EventLoop) -> None:
    seen: list[int] = []

    def stop() -> None:
        seen.append(1)
        loop.stop()

    loop.add_signal_handler(signal.SIGUSR1, stop)
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    loop.run_forever()
    assert seen == [1]


def test_plain_signal_handlers_run_too(loop: EventLoop) -> None:
    """``signal.signal`` has no part in the loop, which must let Python run its handlers."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(asyncio.sleep(10))
    finally:
        signal.signal(signal.SIGUSR1, old)


def test_an_exception_in_a_callback_goes_to_the_handler_and_the_loop_goes_on(
    loop: EventLoop,
) -> None:
    reports: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, report: reports.append(report))
    loop.call_soon(lambda: 1 / 0)
    loop.run_until_complete(asyncio.sleep(0.001))
    assert [type(report["exception"]) for report in reports] == [ZeroDivisionError]


@pytest.mark.parametrize("stopper", [KeyboardInterrupt, SystemExit])
def test_what_stops_a_program_leaves_the_loop(
    loop: EventLoop, stopper: type[BaseException]
) -> None:
    def stop() -> None:
        raise stopper

    loop.call_soon(stop)
    with pytest.raises(stopper):
        loop.run_forever()
    assert not loop.is_running()


def test_a_closed_loop_refuses(loop: EventLoop) -> None:
    loop.close()
    for refused in (
        lambda: loop.call_soon(print),
        lambda: loop.call_later(1, print),
        lambda: loop.call_soon_threadsafe(print),
        loop.run_forever,
    ):
        with pytest.raises(RuntimeError, match="closed"):
            refused()


def test_only_one_loop_runs_in_a_thread(loop: EventLoop) -> None:
    async def nested() -> None:
        other = EventLoop()
        try:
            with pytest.raises(RuntimeError, match="running"):
                other.run_forever()
        finally:
            other.close()

    loop.run_until_complete(nested())


def test_stop_before_run_forever_ends_after_one_turn(loop: EventLoop) -> None:
    seen: list[int] = []
    loop.call_soon(seen.append, 1)
    loop.stop()
    loop.run_forever()
    assert seen == [1]


def test_asyncio_run_takes_it() -> None:
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        assert runner.run(times_out())


def test_asynchronous_generators_are_finished(loop: EventLoop) -> None:
    seen: list[str] = []

    async def generate() -> Any:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            seen.append("finished")

    async def abandon() -> None:
        async for _ in generate():
            break

    loop.run_until_complete(abandon())
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert seen == ["finished"]


def test_far_timers_do_not_hinder(loop: EventLoop) -> None:
    loop.call_later(1e300, print)
    loop.call_later(float("inf"), print)
    assert loop.run_until_complete(sleeps())


def test_a_thousand_cancelled_timers_are_forgotten(loop: EventLoop) -> None:
    async def use() -> None:
        for _ in range(1000):
            loop.call_later(100, print).cancel()

    before = time.monotonic()
    loop.run_until_complete(use())
    assert time.monotonic() - before < 50  # none of them is waited for


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 20), max_size=20))
def test_timers_fire_in_order_of_time_and_then_of_call(delays: list[int]) -> None:
    loop = EventLoop()
    try:
        seen: list[tuple[int, int]] = []

        async def use() -> None:
            start = loop.time() + 0.01
            for index, delay in enumerate(delays):
                loop.call_at(start + delay / 4000, seen.append, (delay, index))
            await asyncio.sleep(0.05)

        loop.run_until_complete(use())
    finally:
        loop.close()
    assert seen == sorted((delay, index) for index, delay in enumerate(delays))


if importlib.util.find_spec("test.test_asyncio") is not None:
    # CPython's own tests of event loops, where the interpreter ships them.
    from test.test_asyncio import test_events, utils

    # They leave sockets and pipes to the collector, which their own runner does not mind.
    @pytest.mark.filterwarnings("ignore::ResourceWarning")
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    class TestAsCPythonTestsLoops(  # type: ignore[misc]
        test_events.EventLoopTestsMixin, utils.TestCase
    ):
        """``Lib/test/test_asyncio/test_events.py`` on this loop."""

        def create_event_loop(self) -> asyncio.AbstractEventLoop:
            return EventLoop()
