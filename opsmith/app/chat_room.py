"""The room of the chat: the plant's tools for each person, as the settings say."""

import contextlib
import dataclasses
from collections.abc import AsyncGenerator
from datetime import timedelta
from functools import partial
from typing import Any

from fastmcp import Client, FastMCP

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import Plant
from opsmith.app.chat_attached import AttachedReadings
from opsmith.app.chat_documents import OfferedDocuments
from opsmith.app.web import is_loopback
from opsmith.errors import BadInput
from opsmith.storage.chat_history import ChatHistoryStore
from opsmith.storage.users import UserStore
from opsmith_agents.assistant import Assistant
from opsmith_agents.memory import Memory
from opsmith_agents.models import model_from, shown_chain
from opsmith_chat.room import Hands, Room
from opsmith_chat.sign_in import People
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER

_MOST = 100
"""People whose servers are kept: making one takes 20 ms."""


def people_of(plant: Plant, host: str) -> People:
    """Who comes in at that address.

    Raises:
        BadInput: Others than this machine reach it, and nobody could sign in.
    """
    users = UserStore(plant.stores.database)
    is_local = is_loopback(host)
    if not is_local and not users.has_any():
        raise BadInput(
            f"Others reach {host}, and nobody could sign in there; make a user with "
            "`opsmith users add NAME --role engineer`, or use 127.0.0.1"
        )
    return People(users, is_local=is_local)


@contextlib.asynccontextmanager
async def room_of(plant: Plant, people: People) -> AsyncGenerator[Room]:
    """The room over a plant, open for as long as the block runs.

    Raises:
        BadInput: The LLM's settings are wrong.
    """
    settings, doors = plant.settings, _Doors(plant, people)
    model = model_from(settings)

    def converse(eyes: Client[Any], memory: Memory | None) -> Assistant:
        return Assistant(
            eyes,
            model,
            seconds=settings.llm_seconds,
            zone=settings.zone,
            prices=(settings.llm_price_in, settings.llm_price_out),
            memory=memory,
        )

    async with connect(plant_server(plant.stores, caller=READER)) as client:
        yield Room(
            plant=client,
            open=doors.open,
            converse=converse,
            people=people,
            history=ChatHistoryStore(plant.stores.database),
            language=settings.language,
            zone=settings.zone,
            model=shown_chain(settings) if model else "",
            wake=plant.stores.wake,
            keep=timedelta(days=settings.chat_days),
            trier=AttachedReadings(plant),
            shelf=OfferedDocuments(plant),
        )


class _Doors:
    """Two servers for each person: one to look, one to act."""

    def __init__(self, plant: Plant, people: People) -> None:
        self._plant = plant
        self._people = people
        self._made: dict[str, tuple[FastMCP[Any], FastMCP[Any]]] = {}

    @contextlib.asynccontextmanager
    async def open(self, who: Caller) -> AsyncGenerator[Hands]:
        """Clients of that person's servers."""
        looking, acting = self._of(who.name)
        async with connect(looking) as eyes, connect(acting) as hands:
            yield eyes, hands

    def _of(self, name: str) -> tuple[FastMCP[Any], FastMCP[Any]]:
        if name not in self._made:
            if len(self._made) >= _MOST:
                del self._made[next(iter(self._made))]
            # Asked with each call: who is shut out, or sees less, does so in an open conversation.
            acts = partial(self._people.now, name)
            stores, zone = self._plant.stores, self._plant.settings.zone

            def looks() -> Caller:
                return dataclasses.replace(acts(), role=Role.VIEWER, may_write=False)

            self._made[name] = (
                plant_server(stores, caller=looks, zone=zone),
                plant_server(stores, caller=acts, zone=zone),
            )
        return self._made[name]
