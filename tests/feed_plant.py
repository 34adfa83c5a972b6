"""A plant with its live feed and its servers on a free port, fed by hand."""

import contextlib
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import websockets
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection

from opsmith.access import Caller, Role
from opsmith.app import events, mcp_http
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import Chain, running
from opsmith.app.pages import facts_of, shown
from opsmith.app.web import address_of, listening
from opsmith.clock import wall_clock
from opsmith.domain.devices import Device
from opsmith.domain.moments import to_time
from opsmith.domain.readings import Quality, ReadingBatch
from opsmith.settings import Settings
from opsmith.storage.keys import KeyStore
from opsmith_mcp.origins import Names

BY = Caller("root", Role.ADMIN, via="command", is_person=True)


@dataclass
class Fed:
    """A plant with its feed."""

    plant: Plant
    chain: Chain
    url: str
    """Of the plant."""
    turn: int = 0
    began: datetime = field(default_factory=lambda: wall_clock() - timedelta(minutes=30))

    @property
    def feed(self) -> str:
        """Address of the feed."""
        return f"ws{self.url.removeprefix('http')}{events.PATH}"

    async def say(self, device_ids: Sequence[str], status: str = "NORMAL") -> None:
        """Publish the next reading of these devices."""
        self.turn += 1
        now = np.full(1, to_time(self.began + timedelta(seconds=self.turn)))
        await self.chain.publish(
            [
                ReadingBatch(
                    device_id,
                    ("temperature",),
                    now,
                    np.full((1, 1), 40.5),
                    np.full((1, 1), Quality.GOOD, np.uint8),
                    (status,),
                )
                for device_id in device_ids
            ]
        )

    @contextlib.asynccontextmanager
    async def follow(
        self, query: str = "", key: str | None = None, **options: Any
    ) -> AsyncGenerator[tuple[ClientConnection, dict[str, Any]]]:
        """A follower, and what he is greeted with."""
        if key is not None:
            options["additional_headers"] = {"Authorization": f"Bearer {key}"}
        async with websockets.connect(f"{self.feed}{query}", max_size=None, **options) as ws:
            yield ws, json.loads(await ws.recv())

    def key(self, name: str, role: Role, factories: Sequence[str] = ()) -> str:
        """A new key."""
        keys = KeyStore(self.plant.stores.database)
        return keys.add(name, role, factories or None, by=BY)[1]


@contextlib.asynccontextmanager
async def fed_plant(folder: Path) -> AsyncGenerator[Fed]:
    """Sixty devices in each of two factories; nobody answers their alerts."""
    settings = Settings(data_dir=folder / "plant")
    with listening("127.0.0.1", 0) as listener, open_plant(settings, "wall", writer=True) as plant:
        plant.stores.devices.add(
            [
                # Each on a line of its own: so many alerts of one line would be a flood.
                Device(
                    device_id=f"{factory}_{number:02}",
                    device_name="Pump",
                    factory_id=factory,
                    line_id=f"{factory}-{number}",
                )
                for factory in ("F1", "F2")
                for number in range(60)
            ],
            wall_clock(),
        )
        async with running(plant, live=True, parts=("ingest",)) as chain:
            feed = events.Events(
                plant,
                Names(),
                is_local=True,
                facts=facts_of(chain, plant),
                listen=chain.listen,
            )
            servers = mcp_http.http_servers(plant, "127.0.0.1")

            def both(page: ASGIApp) -> ASGIApp:
                return events.beside(feed, mcp_http.beside(servers, page))

            async with (
                shown(chain, plant, listener, both, ws="auto"),
                feed.running(),
                servers.running(),
            ):
                yield Fed(plant, chain, f"http://{address_of(listener)}")
