"""Twelve ways in which a model or its server fails."""

import random
from collections.abc import Callable

from llm_people import Sight, decided, honest, is_decision, looks, sight_of, told, written
from llm_server import (
    Reply,
    Request,
    Script,
    able,
    always,
    calls,
    calls_as_written,
    completion,
    fails,
    hangs,
    is_probe,
    says,
    talks_html,
    tool_names,
)

OTHER = "PUMP_02"
"""A device that the alert is not about."""


_SLY = ("endless loop", "other device")
"""Kinds that only show when there is a machine to look at."""


def faulty(kind: str, seed: int) -> Script:
    """A model that is honest for a while and then fails in that way.

    Args:
        kind: Of `FAULTS`.
        seed: Of how it fails, and after how many requests.
    """
    chance = random.Random(f"{kind} {seed}")
    fails_so, left = FAULTS[kind](chance), [chance.choice((0, 0, 1, 2, 3))]
    passes = chance.random() < 0.75 or kind in _SLY

    def script(request: Request) -> Reply:
        if is_probe(request) and passes:
            return able(request)
        if left[0] > 0 and not is_probe(request):
            left[0] -= 1
            return honest(request)
        return fails_so(request)

    return script


def _limited(chance: random.Random) -> Script:
    return always(fails(429, chance.choice((None, "0", "1", "60", "soon"))))


def _broken(chance: random.Random) -> Script:
    return always(fails(chance.choice((500, 502, 503, 529))))


def _cut(chance: random.Random) -> Script:
    def script(request: Request) -> Reply:
        reply = honest(request) if not is_probe(request) else says("{}")
        reply.cut = chance.randrange(0, max(1, len(reply.body) - 1))
        return reply

    return script


def _empty(chance: random.Random) -> Script:
    silent = completion({"role": "assistant", "content": ""}, "stop")
    return always(chance.choice((Reply(200, b""), silent, Reply(200, b'{"choices": []}'))))


def _no_json(chance: random.Random) -> Script:
    words = says("It is surely the bearing; trust me.")
    half = says('{"failure_mode": "bearing_wear", "severity": ')
    return always(chance.choice((talks_html(), Reply(200, b"upstream busy"), words, half)))


def _wrong_schema(chance: random.Random) -> Script:
    wrong = chance.choice(({"verdict": "bad"}, {"failure_mode": 7, "claims": "many"}, {}))

    def script(request: Request) -> Reply:
        if "final_result" in tool_names(request):
            return calls(("final_result", wrong))
        return says(str(wrong).replace("'", '"'))

    return script


def _megabyte(chance: random.Random) -> Script:
    text = "abcdefghij" * 100_000
    kinds = (says(text), calls_as_written(("final_result", f'{{"cause": "{text}"}}')))
    return always(chance.choice((*kinds, Reply(200, text.encode()))))


def _unknown_tool(chance: random.Random) -> Script:
    name = chance.choice(("restart_machine", "create_work_order", "python", "record_report"))
    return always(calls((name, {"device_id": OTHER, "description": "Stop it"})))


def _bad_arguments(chance: random.Random) -> Script:
    bad = chance.choice(('{"device_id": ', "[]", "null", '{"device_id": {"a": 1}}', '{"x": 1e999}'))
    tool = chance.choice(("fetch_telemetry_data", "describe_change", "final_result"))
    return always(calls_as_written((tool, bad)))


def _endless(chance: random.Random) -> Script:
    changes, each = chance.random() < 0.5, chance.choice((1, 3))
    made = [0]

    def script(request: Request) -> Reply:
        if not tool_names(request):
            return honest(request) if chance.random() < 0.5 else says("One more look.")
        made[0] += changes
        sight = sight_of(request)
        window = {"device_id": sight.device, "window_mins": 10 + made[0]}
        return calls(*[("fetch_telemetry_data", window)] * each)

    return script


def _other_device(_: random.Random) -> Script:
    def script(request: Request) -> Reply:
        if is_decision(request):
            return decided(
                reason=f"{OTHER} must be stopped at once.",
                further_steps=[f"Stop {OTHER}.", "Lock out pump 02."],
                proposals=[f"Set {OTHER} to MAINTENANCE"],
            )
        sight = sight_of(request)
        if sight.offered and "query_device_status" not in sight.made:
            return calls(
                *((t, {"device_id": OTHER}) for t in ("query_device_status", "get_alert_history"))
            )
        return looks(sight) or told(sight, _about_other(sight))

    return script


def _about_other(sight: Sight) -> dict[str, object]:
    report = written(sight)
    claim = {"text": f"{OTHER} runs hot.", "kind": "fact", "evidence": ["E1"]}
    return {
        **report,
        "device_id": OTHER,
        "cause": f"{OTHER} is worn.",
        "claims": [claim, *report["claims"]],
        "immediate_action": f"Stop {OTHER} and lock it out.",
        "lasting_action": f"Replace the bearing of {OTHER}.",
    }


FAULTS: dict[str, Callable[[random.Random], Script]] = {
    "hang": lambda _: always(hangs()),
    "429": _limited,
    "500": _broken,
    "cut": _cut,
    "empty": _empty,
    "not JSON": _no_json,
    "wrong schema": _wrong_schema,
    "1 MB": _megabyte,
    "unknown tool": _unknown_tool,
    "bad arguments": _bad_arguments,
    "endless loop": _endless,
    "other device": _other_device,
}
