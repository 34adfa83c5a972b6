"""`opsmith kb lint|stats|matrix` at the command, and the documentation that they make."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from opsmith.domain.base import Language
from opsmith_kb.load import load_entries
from opsmith_kb.table import matrix_markdown

DOCS = Path(__file__).parents[2] / "docs"


def opsmith(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", "kb", *arguments],
        env={**os.environ, "OPSMITH_DATA_DIR": str(folder / "data"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_lint_is_silent_about_what_is_sound_and_fails_with_the_reason_where_not(
    tmp_path: Path,
) -> None:
    sound = opsmith(tmp_path, "lint", "--json")
    assert sound.returncode == 0 and json.loads(sound.stdout)["findings"] == []
    text = (files("opsmith_kb") / "entries" / "hx_fouling.yaml").read_text("utf-8")
    file = tmp_path / "hx_fouling.yaml"
    file.write_text(text.replace("channel: coolant_flow", "channel: cold_flow"), "utf-8")
    told = opsmith(tmp_path, "lint", str(file), "--lang", "zh")
    assert told.returncode == 2 and "发现 1 个问题" in told.stdout
    assert "hx_fouling.yaml: signs.4.channel: no channel 'cold_flow' is known" in told.stdout
    (finding,) = json.loads(opsmith(tmp_path, "lint", str(file), "--json").stdout)["findings"]
    assert (finding["file"], finding["field"]) == ("hx_fouling.yaml", "signs.4.channel")
    for lost in (tmp_path / "none.yaml", tmp_path / "data"):
        gone = opsmith(tmp_path, "lint", str(lost))
        assert gone.returncode == 2 and gone.stderr.count("\n") == 1, gone.stderr


def test_stats_and_matrix_count_and_show_what_a_class_has(tmp_path: Path) -> None:
    counted = json.loads(opsmith(tmp_path, "stats", "--json").stdout)
    rows = {row["class"]: row for row in counted["classes"]}
    assert counted["entries"] == len(load_entries()) and rows["pump"]["all"] >= 8
    shown = opsmith(tmp_path, "matrix", "--device-type", "光模块", "--lang", "zh")
    assert "光模块激光器老化 (`optical_laser_ageing`)" in shown.stdout
    assert "激光器偏置电流" in shown.stdout and "cavitation" not in shown.stdout
    refused = opsmith(tmp_path, "matrix", "--device-type", "robot")
    assert refused.returncode == 2 and "No class 'robot'" in refused.stderr


@pytest.mark.parametrize(("name", "language"), [("knowledge.md", "en"), ("knowledge.zh.md", "zh")])
def test_the_matrix_in_the_documentation_is_the_one_that_the_entries_make(
    name: str, language: Language
) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    _, _, told = page.partition("<!-- opsmith kb matrix -->\n\n")
    assert told == matrix_markdown(load_entries(), None, language)
