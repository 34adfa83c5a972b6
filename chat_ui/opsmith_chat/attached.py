"""A file that somebody attaches: readings are judged as the plant's own, others are refused."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from fastmcp import Client

from opsmith.access import Caller
from opsmith.domain.base import Language, State
from opsmith.errors import BadInput, Denied, OpsmithError
from opsmith_agents.answers import Answer, Step
from opsmith_agents.grammar import Named, understand
from opsmith_agents.reply_words import (
    plain,
    say,
)
from opsmith_chat.offered import Shelf, offered_text
from opsmith_chat.tried import Trier
from opsmith_chat.tried_words import facts_of, tried_text
from opsmith_mcp.client import call
from opsmith_mcp.device_registry import DeviceRegistry

CSV_BYTES = 20 * 1024 * 1024
PDF_BYTES = 32 * 1024 * 1024
MOST = 5
"""Files of one message."""

ACCEPT = {
    "text/csv": [".csv"],
    # What a browser beside Excel says of a CSV. Chainlit shows this list to who is refused.
    "application/vnd.ms-excel": [".csv"],
    "application/pdf": [".pdf"],
}
"""MIME types and the endings that go with them; what else is offered never reaches a disk."""


@dataclass(frozen=True, slots=True)
class File:
    """What was attached."""

    path: Path
    name: str


class Attached:
    """Answers what is attached to a message.

    Args:
        trier: Judges readings.
        zone: Of the times in answers.
        shelf: Takes documents; None: nobody does.
    """

    def __init__(self, trier: Trier, zone: tzinfo, shelf: Shelf | None = None) -> None:
        self._trier = trier
        self._zone = zone
        self._shelf = shelf
        # The detector takes a core for seconds; the conversations of others go on beside it.
        self._turn = asyncio.Semaphore(1)

    async def answer(
        self, files: Sequence[File], text: str, eyes: Client[Any], who: Caller, language: Language
    ) -> AsyncGenerator[Step | Answer, None]:
        """Answer each file in turn; a bad one is refused in a line, and the next is looked at.

        Args:
            files: Those of one message.
            text: What the message says; it may name the device whose readings they are.
            eyes: Sees what who attached them may see.
            who: Who attached them.
            language: Of the answers.
        """
        device = await _device_in(text, eyes)
        for number, file in enumerate(files[:MOST], 1):
            arguments = {"file": file.name[:80]} | ({"device_id": device} if device else {})
            step = Step(number=number, tool="try_readings", arguments=arguments, state="running")
            refused = _refusal(file, language, takes_documents=self._shelf is not None)
            if refused is not None:
                yield Answer(text=refused, language=language, made_by="rules")
                continue
            if self._shelf is not None and file.name.lower().endswith(".pdf"):
                async for event in self._offered(self._shelf, number, file, who, language):
                    yield event
                continue
            yield step
            began = time.perf_counter()
            try:
                async with self._turn:
                    tried = await asyncio.to_thread(
                        self._trier.try_readings, file.path, file.name, device, who, language
                    )
            except BadInput as error:
                took = time.perf_counter() - began
                ended = {"state": State.EMPTY, "note": str(error), "seconds": took}
                yield step.model_copy(update=ended)
                yield Answer(
                    text=_broken(error, file, language), language=language, made_by="rules"
                )
                continue
            took = time.perf_counter() - began
            yield step.model_copy(
                update={"state": State.OK, "seconds": took, "result": facts_of(tried)}
            )
            yield Answer(
                text=tried_text(tried, file.name, language, self._zone),
                language=language,
                made_by="rules",
                chart=tried.chart,
            )
        if len(files) > MOST:
            text = say(
                language,
                f"At most {MOST} files in a message; the others were left alone.",
                f"一条消息最多 {MOST} 个文件，其余未处理。",
            )
            yield Answer(text=text, language=language, made_by="rules")

    async def _offered(
        self, shelf: Shelf, number: int, file: File, who: Caller, language: Language
    ) -> AsyncGenerator[Step | Answer, None]:
        """Let a document wait for a reviewer."""
        arguments = {"file": file.name[:80]}
        step = Step(number=number, tool="offer_document", arguments=arguments, state="running")
        yield step
        began = time.perf_counter()
        try:
            async with self._turn:
                one = await asyncio.to_thread(shelf.offer, file.path, file.name, who)
        except (BadInput, Denied) as error:
            ended = {"state": State.EMPTY, "note": str(error)}
            why, name = plain(str(error)), plain(file.name[:80])
            text = say(language, f"{name} was not taken: {why}", f"未收录 {name}：{why}")
        else:
            ended = {"state": State.OK, "result": dataclasses.asdict(one)}
            text = offered_text(one, file.name[:80], language)
        yield step.model_copy(update=ended | {"seconds": time.perf_counter() - began})
        yield Answer(text=text, language=language, made_by="rules")


async def _device_in(text: str, eyes: Client[Any]) -> str | None:
    """The device that a message names, if it names one."""
    if not text:
        return None
    try:
        known = (await call(eyes, DeviceRegistry.list_devices)).devices
    except OpsmithError:
        return None
    asked = understand(text, [Named(one.device_id, one.device_name) for one in known])
    return asked.devices[0] if asked.are_named and len(asked.devices) == 1 else asked.unheard


def _refusal(file: File, language: Language, *, takes_documents: bool) -> str | None:
    """Why a file is not looked at, in one line; None: it is."""
    name, ending = plain(file.name[:80]), file.name.lower().rpartition(".")[2]
    if ending not in ("csv", "pdf"):
        return say(
            language,
            f"{name} was not read: attach readings as CSV (up to 20 MB) or a manual as PDF.",
            f"未读取 {name}：请附 CSV 格式的读数文件（不超过 20 MB）或 PDF 手册。",
        )
    try:
        size = file.path.stat().st_size
        with file.path.open("rb") as opened:
            begin = opened.read(5)
    except OSError:
        return say(
            language,
            f"{name} is not here any more; attach it again.",
            f"{name} 已不在服务器上，请重新上传。",
        )
    most = CSV_BYTES if ending == "csv" else PDF_BYTES
    if size > most:
        limit = most // (1024 * 1024)
        return say(
            language,
            f"{name} has {size / 1024 / 1024:.0f} MB; a {ending.upper()} may have {limit} MB.",
            f"{name} 为 {size / 1024 / 1024:.0f} MB，{ending.upper()} 文件不得超过 {limit} MB。",
        )
    if ending == "pdf":
        return _of_pdf(name, begin == b"%PDF-", language, takes_documents=takes_documents)
    if begin[:2] in (b"\x1f\x8b", b"PK"):
        return say(
            language,
            f"{name} is packed: unpack it, and attach the CSV itself.",
            f"{name} 是压缩文件：请解压后上传 CSV 本身。",
        )
    return None


def _of_pdf(name: str, is_pdf: bool, language: Language, *, takes_documents: bool) -> str | None:
    if not is_pdf:
        return say(language, f"{name} is not a PDF.", f"{name} 不是 PDF 文件。")
    if takes_documents:
        return None
    return say(
        language,
        f"{name} was not taken: this page takes no documents; use `opsmith import knowledge`.",
        f"未收录 {name}：此页面不收文档，请用 `opsmith import knowledge`。",
    )


def _broken(error: BadInput, file: File, language: Language) -> str:
    why = plain(str(error))
    return say(
        language,
        f"{plain(file.name[:80])} could not be read as readings: {why}",
        f"无法把 {plain(file.name[:80])} 当作读数读取：{why}",
    )
