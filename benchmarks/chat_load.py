"""How soon the chat's rules answer: one who asks, then fifty at once, through the page's socket.

    python benchmarks/chat_load.py [--users 50] [--rounds 3] [--data DIR]

The demonstration plant is made in a folder of its own (or DIR is used as it is), and `opsmith chat`
is run over it as a process, without an LLM. Each user is a socket of its own, as a browser opens
one. Timed is the way from the question to the first message of its answer. Prints p50, p95 and the
longest in seconds, and how many failed; ends with 1 where a limit of `LIMITS` is passed.
"""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportMissingTypeStubs=false
# python-socketio has no types.

import argparse
import asyncio
import contextlib
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import socketio

from opsmith.app.web import listening

LIMITS = {"one": 1.0, "many": 3.0}
"""Seconds that the p95 may take: of one who asks alone, of many at once."""

QUESTIONS = (
    "Which alerts stand now?",
    "status of PUMP_01",
    "PUMP_02 怎么样？",
    "trend of vibration of PUMP_01, last 3 hours",
    "why did PUMP_01 alarm?",
    "which devices are there?",
    "MOTOR_01 最近3小时的温度趋势",
    "work orders of PUMP_01",
    "When will temperature of PUMP_01 reach its limit?",
    "Shift handover, last 8 hours",
)
_PATIENCE = 60.0
_FAILED = ("could not be answered", "未能回答", "too fast", "太快")


@dataclass
class User:
    """One open page."""

    socket: socketio.AsyncClient
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    said: str = ""

    async def ask(self, question: str) -> float | None:
        """Seconds to the first message of the answer; None: it failed."""
        self.answered.clear()
        self.ended.clear()
        self.said = ""
        began = time.perf_counter()
        message = {
            "id": str(uuid.uuid4()),
            "threadId": "",
            "name": "user",
            "type": "user_message",
            "output": question,
            "createdAt": datetime.now(UTC).isoformat(),
        }
        await self.socket.emit("client_message", {"message": message, "fileReferences": []})
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.answered.wait()
                took = time.perf_counter() - began
                await self.ended.wait()
        except TimeoutError:
            return None
        return None if any(sign in self.said for sign in _FAILED) else took

    def hear(self, step: dict[str, Any]) -> None:
        """Take a message of the page."""
        if step.get("type") == "assistant_message" and step.get("output"):
            self.said += str(step["output"])
            self.answered.set()


@contextlib.asynccontextmanager
async def page(url: str) -> AsyncGenerator[User]:
    """Come in and open a conversation, as a browser does."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.post(f"{url}/auth/header", headers={"Origin": url}) as answer:
            answer.raise_for_status()
        cookies = "; ".join(f"{one.key}={one.value}" for one in http.cookie_jar)
        socket = socketio.AsyncClient(reconnection=False, request_timeout=_PATIENCE)
        user = User(socket)
        socket.on("new_message", user.hear)
        socket.on("task_end", lambda *_: user.ended.set())
        auth = {
            "clientType": "webapp",
            "sessionId": str(uuid.uuid4()),
            "threadId": "",
            "userEnv": "{}",
            "chatProfile": "",
        }
        await socket.connect(
            url,
            headers={"Cookie": cookies, "Origin": url},
            auth=auth,
            transports=["websocket"],
            socketio_path="/ws/socket.io",
            wait_timeout=int(_PATIENCE),
        )
        try:
            await socket.emit("connection_successful")
            yield user
        finally:
            await socket.disconnect()


@contextlib.contextmanager
def chat(folder: Path) -> Generator[str]:
    """Run `opsmith chat` over the folder; gives its URL."""
    with listening("127.0.0.1", 0) as free:
        port = int(free.getsockname()[1])
    outside = {key: value for key, value in os.environ.items() if not key.startswith("OPSMITH_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "opsmith.app.cli", "chat", "--port", str(port)],
        env={**outside, "OPSMITH_DATA_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert str(port) in said, said + process.stderr.read()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def told(name: str, took: Sequence[float | None]) -> bool:
    """Print the figures of one kind; whether they are within the limits."""
    good = sorted(one for one in took if one is not None)
    failed = len(took) - len(good)
    if len(good) < 2:
        print(f"{name}: {failed} of {len(took)} failed")
        return False
    p95 = statistics.quantiles(good, n=20)[-1]
    limit = LIMITS[name]
    is_well = failed == 0 and p95 <= limit
    print(
        f"{name}: {len(took)} questions, p50 {statistics.median(good):.2f} s, p95 {p95:.2f} s "
        f"(limit {limit:g} s), longest {good[-1]:.2f} s, {failed} failed"
        f"{'' if is_well else '  <-- not reached'}"
    )
    return is_well


async def measure(url: str, users: int, rounds: int) -> bool:
    """Ask alone, then all at once."""
    alone: list[float | None] = []
    for question in QUESTIONS * 3:
        # The first question of a conversation each time.
        async with page(url) as user:
            alone.append(await user.ask(question))
    is_well = told("one", alone)
    async with contextlib.AsyncExitStack() as stack:
        open_pages = [await stack.enter_async_context(page(url)) for _ in range(users)]
        many: list[float | None] = []
        for turn in range(rounds):
            asked = itertools.islice(itertools.cycle(QUESTIONS), turn, turn + users)
            pairs = zip(open_pages, asked, strict=True)
            many += await asyncio.gather(*(user.ask(question) for user, question in pairs))
    return told("many", many) and is_well


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.data or Path(made)
        if given.data is None:
            command = [sys.executable, "-m", "opsmith.app.cli", "demo", "--json"]
            env = {**os.environ, "OPSMITH_DATA_DIR": made}
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        with chat(folder) as url:
            is_well = asyncio.run(measure(url, given.users, given.rounds))
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
