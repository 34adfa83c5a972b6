"""Questions whose meaning was written down beforehand; see `tests/agents/test_grammar.py`."""

import json
from pathlib import Path
from typing import Any

QUESTIONS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "agents" / "data" / "questions.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
"""Each with `ask` (a conversation, of which the last is meant), `intent`, `slots`, `part`."""
