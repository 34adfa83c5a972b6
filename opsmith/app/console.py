"""The console: over the plant's tools in this process, or over those of a plant elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from opsmith.access import Role
from opsmith.app.cli_common import at_the_machine
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_mcp.client import PATH, connect

if TYPE_CHECKING:
    from fastmcp import Client

    from opsmith.app.conversations import Conversations
    from opsmith_agents.assistant import Assistant
    from opsmith_tui.assistant_source import AssistantSource
    from opsmith_tui.console import Console

NAME = "console"
"""Of the conversation that the console keeps."""


@contextlib.contextmanager
def console_on(
    settings: Settings, url: str = "", key: str = "", room: str = "alerts"
) -> Generator[Console]:
    """The console on the plant, not yet run.

    Args:
        settings: Where the plant is, and the language.
        url: Of an `opsmith serve`; empty: the plant of the settings.
        key: Of opsmith, for the URL.
        room: The first to be seen.

    Raises:
        BadInput: Textual is not installed; the URL or the room is none; the LLM's settings are
            wrong.
    """
    try:
        from opsmith_tui.console import ROOM_CLASSES, Console
        from opsmith_tui.feed import FarWake
        from opsmith_tui.plant import Plant
    except ImportError as error:
        raise BadInput("The console needs Textual: pip install 'opsmith[tui]'") from error
    if room not in ROOM_CLASSES:
        raise BadInput(f"No room {room!r}; there are {', '.join(ROOM_CLASSES)}")
    # Whoever may open the plant's own files may do what its console offers.
    who = dataclasses.replace(at_the_machine(Role.ADMIN), via="console")
    if url:
        # What was said over one plant means nothing over another.
        from opsmith_mcp.light import LightSession

        door = url.rstrip("/") + PATH
        yield Console(
            Plant(lambda: connect(door, key), LightSession(door, key)),
            settings.language,
            by=who.name,
            wake=FarWake(url, key),
            room=room,
            assistant=source_of(settings, None),
        )
        return
    # Only here: a plant elsewhere needs neither stores nor detectors.
    from opsmith.app.bootstrap import open_plant
    from opsmith.app.conversations import Conversations
    from opsmith_mcp.groups import EVERY, plant_server

    with open_plant(settings) as plant:
        server = plant_server(plant.stores, EVERY, caller=who, zone=settings.zone)
        yield Console(
            Plant(lambda: connect(server)),
            settings.language,
            by=who.name,
            wake=plant.stores.wake,
            room=room,
            assistant=source_of(settings, Conversations(settings.data_dir)),
        )


def source_of(settings: Settings, conversations: Conversations | None) -> AssistantSource:
    """Where the console's assistant comes from.

    Args:
        settings: The LLM and the plant's zone.
        conversations: Where the conversation is kept, to go on with it; None: nowhere.

    Raises:
        BadInput: The LLM's settings are wrong.
    """
    from opsmith_tui.assistant_source import AssistantSource

    def make(plant: Client[Any]) -> Assistant:
        # Only here: the libraries of LLMs take longer to load than the first screen may.
        from opsmith_agents.assistant import Assistant
        from opsmith_agents.models import model_from

        return Assistant(
            plant,
            model_from(settings),
            seconds=settings.llm_seconds,
            zone=settings.zone,
            prices=(settings.llm_price_in, settings.llm_price_out),
            memory=None if conversations is None else conversations.load(NAME),
        )

    chain = ""
    if settings.llm_model:
        from opsmith_agents.models import shown_chain

        chain = shown_chain(settings)
    if conversations is None:
        return AssistantSource(make, model=chain, zone=settings.zone)
    return AssistantSource(
        make, lambda memory: conversations.keep(NAME, memory), chain, settings.zone
    )
