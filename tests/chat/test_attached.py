import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from made_documents import pdf

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chat_attached import AttachedReadings
from opsmith.app.chat_documents import OfferedDocuments
from opsmith.app.document_import import import_documents
from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.devices import Device
from opsmith.settings import Settings
from opsmith.storage.knowledge_documents import DocumentStore
from opsmith_agents.answers import Answer
from opsmith_chat.attached import CSV_BYTES, Attached, File
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server

pytestmark = pytest.mark.anyio

START = datetime(2026, 2, 28, 8, 0, tzinfo=UTC)
VIEWER = Caller("Li", Role.VIEWER, frozenset({"F1"}), via="chat", is_person=True)
OPERATOR = Caller("Wang", Role.OPERATOR, frozenset({"F1"}), via="chat", is_person=True)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """PUMP_01 of factory F1 may have 85 °C; PUMP_02 of F2, too."""
    with open_plant(Settings(data_dir=tmp_path_factory.mktemp("plant")), "newest") as plant:
        devices = [
            Device(
                device_id=f"PUMP_0{number}",
                device_type="pump",
                factory_id=f"F{number}",
                rated_temp_max=85.0,
            )
            for number in (1, 2)
        ]
        plant.stores.devices.add(devices, START)
        yield plant


def readings(path: Path, *devices: str, column: str = "device_id") -> File:
    """An hour at 2 s each: 70 °C and some noise, over 85 °C from the 40th minute on."""
    noise = np.random.default_rng(7).normal(0, 0.3, (1800, 2))
    lines = [
        f"{column},timestamp,temperature,vibration" if column else "timestamp,temperature,vibration"
    ]
    for device in devices:
        for i, (heat, shake) in enumerate(noise.tolist()):
            rise = 18 if i > 1200 else 0
            at = (START + timedelta(seconds=2 * i)).isoformat()
            own = f"{device}," if column else ""
            lines.append(f"{own}{at},{70 + rise + heat:.2f},{0.5 + shake / 100:.4f}")
    path.write_text("\n".join(lines))
    return File(path, "shift.csv")


async def answers(
    plant: Plant, *files: File, text: str = "", language: str = "en", who: Caller = OPERATOR
) -> list[Answer]:
    attached = Attached(AttachedReadings(plant), UTC, OfferedDocuments(plant))
    spoken = "zh" if language == "zh" else "en"
    async with connect(plant_server(plant.stores, caller=who)) as eyes:
        said = attached.answer(files, text, eyes, who, spoken)
        return [one async for one in said if isinstance(one, Answer)]


async def test_readings_are_judged_by_the_limits_of_the_registry(
    plant: Plant, tmp_path: Path
) -> None:
    (said,) = await answers(plant, readings(tmp_path / "a.csv", "PUMP_01"))
    assert "1800 readings of 1 device(s)" in said.text
    assert "over-temperature" in said.text
    assert "08:40" in said.text, "the rise comes in the 40th minute"
    assert said.chart is not None and said.chart.kind == "trend"
    assert (said.chart.channel, said.chart.limit_high) == ("temperature", 85.0)
    assert said.chart.alerts and said.chart.alerts[0].onset >= START + timedelta(minutes=39)
    assert max(said.chart.values) > 87


async def test_the_limits_of_a_device_that_one_may_not_see_are_not_used(
    plant: Plant, tmp_path: Path
) -> None:
    (said,) = await answers(plant, readings(tmp_path / "a.csv", "PUMP_02"))
    assert "over-temperature" not in said.text
    assert said.chart is not None and said.chart.kind == "trend"
    assert said.chart.limit_high is None


async def test_nothing_of_the_file_is_stored(plant: Plant, tmp_path: Path) -> None:
    await answers(plant, readings(tmp_path / "a.csv", "PUMP_01", "PUMP_77"))
    assert plant.stores.devices.find("PUMP_77") is None
    assert plant.stores.series.extent("PUMP_01") is None
    assert plant.stores.alerts.queries.total(AlertFilter()) == 0


async def test_the_message_names_the_device_where_the_file_does_not(
    plant: Plant, tmp_path: Path
) -> None:
    file = readings(tmp_path / "a.csv", "", column="")
    (named,) = await answers(plant, file, text="these are of PUMP_01")
    assert "over-temperature" in named.text
    (nameless,) = await answers(plant, file)
    assert "does not say which device" in nameless.text
    assert "over-temperature" not in nameless.text


async def test_it_is_said_in_chinese(plant: Plant, tmp_path: Path) -> None:
    file = readings(tmp_path / "a.csv", "PUMP_01")
    (said,) = await answers(plant, file, language="zh")
    assert "1 台设备共 1800 条读数" in said.text
    assert "超温" in said.text
    assert "--unit" not in said.text


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("song.mp3", b"ID3", "attach readings as CSV"),
        ("page.html", b"<script>1</script>", "attach readings as CSV"),
        ("big.csv", b"a" * (CSV_BYTES + 1), "a CSV may have 20 MB"),
        ("packed.csv", b"\x1f\x8b\x08\x00", "is packed"),
        ("book.csv", b"PK\x03\x04", "is packed"),
        ("empty.csv", b"", "could not be read"),
        ("noise.csv", bytes(range(256)) * 9, "could not be read"),
        ("words.csv", b"a,b\nx,y\n", "could not be read"),
        ("manual.pdf", b"%PDF-1.7 ...", "manual.pdf was not taken"),
        ("lie.pdf", b"MZ", "is not a PDF"),
    ],
)
async def test_what_is_no_readings_is_refused_in_a_line(
    plant: Plant, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / "kept"
    path.write_bytes(content)
    (said,) = await answers(plant, File(path, name))
    assert says in said.text
    assert "\n" not in said.text
    assert str(path) not in said.text
    (chinese,) = await answers(plant, File(path, name), language="zh")
    assert "\n" not in chinese.text


async def test_a_bad_file_does_not_keep_the_next_from_being_read(
    plant: Plant, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"")
    said = await answers(plant, File(bad, "x.csv"), readings(tmp_path / "a.csv", "PUMP_01"))
    assert len(said) == 2
    assert "1800 readings" in said[1].text


async def test_a_file_name_marks_nothing_up(plant: Plant, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"")
    name = "[x](javascript:1)<img src=x onerror=1>.csv"
    (said,) = await answers(plant, File(bad, name))
    assert "\\[x\\]" in said.text
    assert "\\<img" in said.text


async def test_a_manual_waits_for_a_reviewer_and_nothing_rests_on_it_before(
    plant: Plant, tmp_path: Path
) -> None:
    path = tmp_path / "kept"
    pages = [["1 Seal", "Change the seal of the feed pump every 8000 h."]]
    path.write_bytes(pdf(pages, title="Feed pump manual"))
    (refused,) = await answers(plant, File(path, "manual.pdf"), who=VIEWER)
    assert "the role operator or above" in refused.text
    documents = DocumentStore(plant.stores.database)
    await answers(plant, File(path, "../../pump manual.pdf"))
    (said,) = await answers(plant, File(path, "../../pump manual.pdf"))
    assert "**Feed pump manual** (1 pages, 1 passages) waits for a reviewer" in said.text
    assert documents.held() == []
    row = plant.stores.audit.rows(20)[0]
    assert (row.action, row.caller) == ("offer document", "Wang")
    # A reviewer takes in what the answer names, from the plant's folder.
    found = re.search(r"`opsmith import knowledge (.+?)`", said.text)
    assert found is not None
    (taken,) = import_documents(
        plant.settings, [plant.settings.data_dir / found[1]], lambda share: None
    )
    assert taken.document is not None
    assert taken.document.file_name == "pump_manual.pdf"
    (known,) = await answers(plant, File(path, "manual.pdf"), language="zh")
    assert (
        f"知识库中已有 manual.pdf：**Feed pump manual**（`{taken.document.document_id}`"
        in known.text
    )
