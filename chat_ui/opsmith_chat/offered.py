"""Documents that somebody offers to the plant's knowledge, and the port that takes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from opsmith.access import Caller
from opsmith.domain.base import Language
from opsmith_agents.reply_words import plain, say


@dataclass(frozen=True, slots=True)
class Offered:
    """A document that was offered."""

    title: str
    pages: int | None
    passages: int
    became: Literal["waits", "known"]
    """It waits for a reviewer; or the knowledge has it already."""
    where: str
    """Command by which a reviewer takes it in, or the id that it has."""


class Shelf(Protocol):
    """Takes documents; nothing answers from them before a reviewer took them in."""

    def offer(self, path: Path, name: str, who: Caller) -> Offered:
        """Read a document and let it wait for a reviewer.

        Args:
            path: Where it lies; it is copied.
            name: What its owner calls it.
            who: Who offers it.

        Raises:
            BadInput: It cannot be read, or too many wait.
            Denied: He may not.
            Unavailable: The tables do not answer.
        """
        ...


def offered_text(one: Offered, name: str, language: Language) -> str:
    """What became of a document, in words."""
    title, pages = plain(one.title), one.pages or 0
    size = say(
        language,
        f"{pages} pages, {one.passages} passages" if pages else f"{one.passages} passages",
        f"{pages} 页，{one.passages} 段" if pages else f"{one.passages} 段",
    )
    if one.became == "known":
        return say(
            language,
            f"{plain(name)} is in the knowledge already: **{title}** (`{one.where}`, {size}).",
            f"知识库中已有 {plain(name)}：**{title}**（`{one.where}`，{size}）。",
        )
    return say(
        language,
        f"**{title}** ({size}) waits for a reviewer: no answer rests on it yet. "
        f"Who looks after the knowledge takes it in with `{one.where}`.",
        f"**{title}**（{size}）等待审核，目前不作为任何回答的依据。"
        f"知识库负责人用 `{one.where}` 收录。",
    )
