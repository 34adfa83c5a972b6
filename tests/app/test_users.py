"""`opsmith users` from the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

from opsmith.storage.database import Database
from opsmith.storage.users import UserStore

WORD = "a long enough one"


def opsmith(
    folder: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", *arguments],
        env={**os.environ, "OPSMITH_DATA_DIR": str(folder), "COLUMNS": "200", **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_a_user_is_made_listed_disabled_and_let_in_again(tmp_path: Path) -> None:
    made = opsmith(
        tmp_path, "users", "add", "anna", "--role", "engineer", "--factory", "F1",
        "--password-stdin", typed=f"{WORD}\n",
    )  # fmt: skip
    assert made.stdout == "anna may sign in (engineer, F1).\n"
    assert "no device of factory 'F1'" in made.stderr
    listed = opsmith(tmp_path, "users", "list", "--json")
    (anna,) = json.loads(listed.stdout)["users"]
    assert (anna["name"], anna["role"], anna["factories"]) == ("anna", "engineer", ["F1"])
    assert WORD not in listed.stdout
    assert "digest" not in listed.stdout
    assert opsmith(tmp_path, "users", "disable", "anna").returncode == 0
    assert "disabled" in opsmith(tmp_path, "users", "list").stdout
    changed = opsmith(
        tmp_path, "users", "password", "anna", "--password-stdin", "--lang", "zh",
        typed="another long one\n",
    )  # fmt: skip
    assert "anna 的密码已更改" in changed.stdout
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    try:
        assert UserStore(database).sign_in("anna", WORD) is None
        assert UserStore(database).sign_in("anna", "another long one") is not None
    finally:
        database.close()
    audit = opsmith(tmp_path, "audit", "list", "--json")
    actions = [row["action"] for row in json.loads(audit.stdout)["rows"]]
    assert actions == ["users add", "users disable", "users password"]


def test_what_cannot_be_is_one_line_with_the_way_out(tmp_path: Path) -> None:
    tries = {
        ("add", "anna", "--role", "king", "--password-stdin"): "there are viewer, operator",
        ("add", "anna"): "--password-stdin",
        ("add", "anna", "--password-stdin"): "10 to 200 signs",
        ("disable", "anna"): "`opsmith users list`",
    }
    for arguments, way_out in tries.items():
        done = opsmith(tmp_path, "users", *arguments, typed="short\n")
        assert done.returncode == 2, arguments
        assert way_out in done.stderr
        assert done.stderr.count("\n") == 1
