"""Manuals into the plant's knowledge, and the knowledge out to a file and back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hostile_strings import STRINGS
from made_documents import bomb, docx, pdf, xlsx

from opsmith.app.bootstrap import open_plant
from opsmith.app.importing import Request, run_import
from opsmith.app.kb_files import write_entries
from opsmith.clock import wall_clock
from opsmith.domain.learning import DraftEvidence
from opsmith.settings import Settings
from opsmith_kb.findings import draft


def opsmith(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", *arguments],
        env={**os.environ, "OPSMITH_DATA_DIR": str(folder / "data"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_good_files_come_in_and_broken_ones_are_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pump.pdf").write_bytes(pdf([["Grease it with 40 g."]], title="Pump"))
    (tmp_path / "cut.pdf").write_bytes(pdf([["Grease it."]])[:300])
    docx(tmp_path / "seal.docx", [(1, "Seal"), (0, "Never run it dry.")])
    bomb(tmp_path / "bomb.docx", 310)
    (tmp_path / "stock.xlsx").write_bytes(xlsx("Stock", [("Part", "Shelf"), ("Ring", "B7")]))
    fmea = [("Failure mode", "Cause", "Symptoms"), ("Ring torn", "Age", "It drips")]
    (tmp_path / "fmea.xlsx").write_bytes(xlsx("FMEA", fmea))
    names = ["pump.pdf", "cut.pdf", "seal.docx", "bomb.docx", "stock.xlsx"]
    files = [str(tmp_path / name) for name in names]
    first = opsmith(tmp_path, "import", "knowledge", *files, "--json")
    taken = json.loads(first.stdout)["documents"]
    assert first.returncode == 0
    assert [one["became"] for one in taken] == ["new", "refused", "new", "refused", "new"]
    assert "broken" in taken[1]["why"] and "zip bomb" in taken[3]["why"]
    (tmp_path / "pump.pdf").write_bytes(pdf([["Grease it with 60 g."]], title="Pump"))
    again = opsmith(tmp_path, "import", "knowledge", *files[:1], files[2], "--json")
    assert [one["became"] for one in json.loads(again.stdout)["documents"]] == ["version", "there"]
    none = opsmith(tmp_path, "import", "knowledge", files[1])
    assert none.returncode == 2 and "nothing was taken" in none.stderr
    table = opsmith(tmp_path, "import", "knowledge", str(tmp_path / "fmea.xlsx"), "--json")
    assert json.loads(table.stdout)["counts"]["new"] == 1
    listed = json.loads(opsmith(tmp_path, "kb", "documents", "--json").stdout)["documents"]
    assert [(one["document_id"], one["version"], one["state"]) for one in listed] == [
        ("pump", 2, "ACCEPTED"),
        ("pump", 1, "RETIRED"),
        ("seal", 1, "ACCEPTED"),
        ("stock", 1, "ACCEPTED"),
    ]
    with open_plant(Settings(data_dir=tmp_path / "data")) as plant:
        (hit,) = plant.stores.manuals.search("how much grease", 5)
        rows = [one for one in plant.stores.audit.all() if one.action == "import knowledge"]
    assert "60 g" in hit.quote and hit.page == 1
    assert [one.outcome for one in rows].count("failed") == 3


def test_exported_knowledge_comes_back_in_the_very_same_values(tmp_path: Path) -> None:
    here, there = (Settings(data_dir=tmp_path / name) for name in ("here", "there"))
    with open_plant(here) as plant:
        entries = plant.stores.entries.all()
        hostile = [
            draft(f"draft_{i}", "pump", text * 3 + "x", text, (), 1e-5 * i, text)
            for i, text in enumerate(STRINGS)
        ]
        changed = [one.model_copy(update={"hours": one.hours + 0.1}) for one in entries[:3]]
        plant.stores.outcomes.versions.put([*hostile, *changed], "ann", wall_clock(), "ours")
        out = plant.stores.entries.all()
    file = tmp_path / "knowledge.yaml"
    write_entries(file, out)
    report = run_import(there, Request("knowledge", file), lambda share: None)
    with open_plant(there) as plant:
        back = plant.stores.entries.all()
        write_entries(tmp_path / "again.yaml", back)
    assert (report.ledger.new, report.ledger.changed) == (len(STRINGS), 3)
    assert report.ledger.refused == 0
    assert back == out
    assert (tmp_path / "again.yaml").read_bytes() == file.read_bytes()


def test_a_candidate_is_shown_and_accepted_with_an_edit_at_the_machine(tmp_path: Path) -> None:
    with open_plant(Settings(data_dir=tmp_path / "data")) as plant:
        entry = draft("draft_wo_1", "pump", "Basket torn \x1b[2J", "New basket", (), 2, "WO-1")
        seen = DraftEvidence(
            order_no="WO-1", device_id="P1", found="Basket torn", by="ann", at=wall_clock()
        )
        plant.stores.outcomes.versions.draft(entry, [seen], "ann", wall_clock())
    listed = opsmith(tmp_path, "kb", "review")
    shown = opsmith(tmp_path, "kb", "review", "draft_wo_1")
    assert "draft_wo_1" in listed.stdout and "\x1b" not in listed.stdout + shown.stdout
    assert yaml.safe_load(shown.stdout)["evidence"][0]["order_no"] == "WO-1"
    assert opsmith(tmp_path, "kb", "review", "draft_wo_1", "accept").returncode == 2
    edit = tmp_path / "edit.yaml"
    edit.write_text("severity: LOW\ntext: {en: {name: Torn basket}}\n")
    done = opsmith(
        tmp_path, "kb", "review", "draft_wo_1", "accept", "--reason", "Seen.", "--edit", str(edit)
    )
    assert done.stdout == "draft_wo_1 version 2 is ACCEPTED\n"
    with open_plant(Settings(data_dir=tmp_path / "data")) as plant:
        held = {one.entry_id: one for one in plant.stores.entries.all()}["draft_wo_1"]
        actions = [one.action for one in plant.stores.audit.all()]
    assert (held.severity, held.text["en"].name) == ("LOW", "Torn basket")
    assert actions == ["review_knowledge"]
    versions = json.loads(opsmith(tmp_path, "kb", "versions", "draft_wo_1", "--json").stdout)
    assert [one["state"] for one in versions["versions"]] == ["ACCEPTED", "RETIRED"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", "out.json"), "name it .yaml"),
        (("review", "bearing_wear", "praise", "--reason", "x"), "No decision 'praise'"),
        (("learning", "--settle", "WO-1", "bearing_wear"), "No outcome of 'WO-1'"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = opsmith(tmp_path, "kb", *arguments)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1)
    assert says in ran.stderr


def test_a_plants_own_words_come_in_are_told_where_wrong_and_go_out_as_they_came(
    tmp_path: Path,
) -> None:
    words, out = tmp_path / "words.txt", tmp_path / "out.txt"
    none = opsmith(tmp_path, "kb", "export", str(out))
    assert none.returncode == 2 and "no own words" in none.stderr and not out.exists()
    words.write_bytes("# 本厂\r\n[same]\r\nKZL, 轴承\r\nonly one\r\n".encode())
    refused = opsmith(tmp_path, "import", "knowledge", str(words))
    assert refused.returncode == 2 and "line 4" in refused.stderr
    words.write_bytes("# 本厂\r\n[same]\r\nKZL, 轴承\r\n\r\n".encode())
    taken = opsmith(tmp_path, "import", "knowledge", str(words), "--json")
    assert json.loads(taken.stdout)["documents"][0]["became"] == "new"
    assert opsmith(tmp_path, "kb", "export", str(out)).returncode == 0
    assert out.read_bytes() == words.read_bytes()
