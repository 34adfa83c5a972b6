"""What one process of all does for the plant: relay, retention, a look back at forecasts.

Every process that runs stages stands ready; the one that holds the lease does it. The lease ends
with its process, however that ends, and the next one goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from opsmith.errors import Unavailable
from opsmith.storage.lease import Lease

logger = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between looks at the lease."""

PAUSE = 0.5
"""Seconds before what failed is tried again."""


@dataclass
class Keeper:
    """Holds the lease, or waits for it, and does its duties as long as it has it."""

    lease: Lease
    duties: Sequence[Callable[[], Awaitable[None]]]
    """Each runs until it is cancelled, and may raise `Unavailable`: it is begun again."""
    holds: bool = False
    """Whether this process has the lease."""

    async def run(self) -> None:
        """Keep until cancelled."""
        try:
            while True:
                self.holds = await self._is_mine()
                if self.holds:
                    await self._keep()
                await asyncio.sleep(EVERY)
        finally:
            self.holds = False
            await asyncio.to_thread(self.lease.release)

    async def _keep(self) -> None:
        tasks = [asyncio.create_task(_over_and_over(duty)) for duty in self.duties]
        try:
            while self.holds and not any(task.done() for task in tasks):
                await asyncio.wait(tasks, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED)
                self.holds = await self._is_mine()
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for each in ended:
            if isinstance(each, Exception):
                raise each

    async def _is_mine(self) -> bool:
        try:
            return await asyncio.to_thread(self.lease.acquire)
        except Unavailable:
            return False


async def _over_and_over(duty: Callable[[], Awaitable[None]]) -> None:
    told = False
    while True:
        try:
            await duty()
            return
        except Unavailable as error:
            if not told:
                logger.warning("A duty of the plant's keeper waits: %s", error)
            told = True
            await asyncio.sleep(PAUSE)
