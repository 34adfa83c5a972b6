"""One evaluation: the cases through the chain, its control, and the figures of each author."""

from collections.abc import Sequence
from typing import Any

from opsmith.app.evaluation.control import play_empty
from opsmith.app.evaluation.marking import Author, Mark
from opsmith.app.evaluation.play import Played, Progress, Spent, play
from opsmith.app.evaluation.scores import Figures, score, score_empty
from opsmith.app.evaluation.sets import Wanted, cases_of
from opsmith.clock import wall_clock
from opsmith.settings import Settings
from opsmith_agents.models import shown_chain

SCHEMA = "opsmith-eval/1"
MOST_CASES = 80
"""Cases that share one plant; more are run in turns, so that memory stays bounded."""
SCRIPTED = "scripted"
"""Begin of the names of models that answer from a script: their figures are no model's."""


def evaluate(settings: Settings, wanted: Wanted, tell: Progress) -> dict[str, Any]:
    """Run a set and score it, rules alone or rules beside the configured model.

    The figures come with those of the control, the same alerts over a plant in which nothing can
    be found. No judge is asked: everything is compared with what was made.

    Args:
        settings: Name the model and the language; the data folder that they name is not touched.
        wanted: Which cases.
        tell: Told how much is done, 0 to 1.

    Returns:
        What docs/evaluation.md describes.

    Raises:
        BadInput: No case is of a kind that was asked for, or the model cannot be built.
    """
    cases = cases_of(wanted)
    played, spent = _played(settings, cases, lambda share: tell(0.9 * share))
    control = play_empty(settings, played)
    tell(0.95)
    dead = play_empty(settings, played, is_dead=True)
    tell(1.0)
    authors: list[Author] = ["rules", "model"] if settings.llm_model else ["rules"]
    return {
        "schema": SCHEMA,
        "made_at": wall_clock().isoformat(timespec="seconds"),
        "set": wanted.set_name,
        "seeds": wanted.seeds,
        "only": sorted(wanted.only),
        "language": settings.language,
        "cases": len(cases),
        "devices": sum(len(case.machines) for case in cases),
        "readings": spent.readings,
        "alerts": sum(len(each.told) for each in played),
        "seconds": round(spent.seconds, 2),
        "authors": [_author(author, settings, played, control, dead) for author in authors],
    }


def _played(settings: Settings, cases: Sequence[Any], tell: Progress) -> tuple[list[Played], Spent]:
    found: list[Played] = []
    seconds, readings = 0.0, 0
    for start in range(0, len(cases), MOST_CASES):
        part = cases[start : start + MOST_CASES]
        begin, width = start / len(cases), len(part) / len(cases)

        def told(share: float, begin: float = begin, width: float = width) -> None:
            tell(begin + width * share)

        played, spent = play(settings, part, told)
        found += played
        seconds, readings = seconds + spent.seconds, readings + spent.readings
    return found, Spent(seconds, readings)


def _author(
    author: Author,
    settings: Settings,
    played: Sequence[Played],
    control: Sequence[Played],
    dead: Sequence[Played],
) -> Figures:
    figures, marks = score(played, author)
    empty, empty_marks = score_empty(control, author)
    no_source, _ = score_empty(dead, author)
    # Without the servers: a base URL may say more than a plant wants to publish.
    name = "rules" if author == "rules" else shown_chain(settings)
    return {
        "author": author,
        "name": name,
        "scripted": author == "model" and is_scripted(name),
        "scores": figures,
        "empty_plant": empty,
        "no_source": no_source,
        "paths": _paths(marks),
        "marks": [mark.as_json() for mark in marks],
        "empty_plant_marks": [mark.as_json() for mark in empty_marks],
    }


def is_scripted(chain: str) -> bool:
    """Whether any model of a chain answers from a script.

    >>> is_scripted("glm-4.7, scripted-honest"), is_scripted("glm-4.7")
    (True, False)
    """
    return any(one.strip().startswith(SCRIPTED) for one in chain.split(","))


def _paths(marks: Sequence[Mark]) -> dict[str, int]:
    """How many reports were written by which path, and why by that."""
    found: dict[str, int] = {}
    for mark in marks:
        key = f"{mark.made_by}: {mark.path}"
        found[key] = found.get(key, 0) + 1
    return found
