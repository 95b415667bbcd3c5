"""Requests that wait at the same time are worked on together."""

import asyncio
from collections.abc import Sequence
from threading import Event

import pytest

from caretrail.api.gathering import Gathering


def test_requests_that_come_while_others_are_worked_on_are_worked_on_together() -> None:
    batches, begun, go_on = list[list[int]](), Event(), Event()

    def work(requests: Sequence[int]) -> list[int]:
        batches.append(list(requests))
        begun.set()
        go_on.wait(10)
        return [each * 10 for each in requests]

    async def ask() -> list[int]:
        gathering = Gathering(work, batches=1, largest=3)
        first = asyncio.create_task(gathering.answer(1))
        assert await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(gathering.answer(each)) for each in (2, 3, 4, 5)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(ask()) == [10, 20, 30, 40, 50]
    assert batches == [[1], [2, 3, 4], [5]]


def test_a_failure_of_a_batch_is_told_to_its_requests_alone() -> None:
    def work(requests: Sequence[int]) -> list[int]:
        if 1 in requests:
            raise ZeroDivisionError
        return list(requests)

    async def ask() -> None:
        gathering = Gathering(work, batches=1, largest=1)
        first = asyncio.create_task(gathering.answer(1))
        second = asyncio.create_task(gathering.answer(2))
        with pytest.raises(ZeroDivisionError):
            await first
        assert await second == 2

    asyncio.run(ask())


def test_a_request_whose_client_has_gone_does_not_stop_its_batch() -> None:
    begun, go_on = Event(), Event()

    def work(requests: Sequence[int]) -> list[int]:
        begun.set()
        go_on.wait(10)
        return list(requests)

    async def ask() -> list[int]:
        gathering = Gathering(work, batches=1, largest=8)
        first = asyncio.create_task(gathering.answer(1))
        assert await asyncio.to_thread(begun.wait, 10)
        gone = asyncio.create_task(gathering.answer(2))
        last = asyncio.create_task(gathering.answer(3))
        await asyncio.sleep(0)
        gone.cancel()
        go_on.set()
        return [await first, await last]

    assert asyncio.run(ask()) == [1, 3]
