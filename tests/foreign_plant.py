"""Ten years of another plant, made: its own ids, words, languages, units, and its dirty rows."""

import csv
import json
import random
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
FIRST_YEAR = 2014
CODES = {
    "LEAK": "密封泄漏",
    "BRG": "轴承磨损",
    "VIB": "振动过大",
    "ELEC": "电气故障",
    "OVH": "过热",
}
_TEXTS = ("更换机械密封", "Replace bearing DE side", "检查振动", "Lubricate, 换油", "对中校正")
_KINDS = (("P", "离心泵"), ("M", "电机"), ("C", "空压机"))


@dataclass
class ForeignPlant:
    """Where its files are, and what is true of them."""

    folder: Path
    devices: list[str] = field(default_factory=list[str])
    """Our ids, as the plant's nameplates have them."""
    orders: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The good orders: number, device, class, status, code, local creation time."""
    bad_orders: int = 0
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    bad_events: int = 0


def make_plant(
    folder: Path, *, devices: int = 60, orders: int = 3000, events: int = 20_000, seed: int = 7
) -> ForeignPlant:
    """Write devices.csv (GB 18030), orders.xlsx, events.csv (UTF-8 with BOM), codes.jsonl."""
    chance = random.Random(seed)
    plant = ForeignPlant(folder)
    _devices(plant, chance, devices)
    _orders(plant, chance, orders)
    _events(plant, chance, events)
    _codes(plant)
    return plant


def write_xlsx(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """The least workbook that there is: one sheet, texts inline."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        text = escape(str(value))
        return (
            f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else "<c/>"
        )

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
            '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{links}/worksheet" Target="sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
        )


def _devices(plant: ForeignPlant, chance: random.Random, count: int) -> None:
    header = ["设备编号", "设备名称", "设备类型", "厂家", "规格型号", "工厂", "产线", "安装日期",
              "最高温度(°F)", "额定压力(bar)", "振动速度上限(mm/s)", "额定电流(A)", "重要度",
              "状态"]  # fmt: skip
    rows = list[list[object]]()
    for number in range(1, count + 1):
        letter, kind = _KINDS[number % 3]
        device_id = f"{letter}-{number:03d}"
        plant.devices.append(device_id)
        rows.append(
            [
                device_id,
                f"{number}号{kind}",
                kind,
                "南方泵业",
                f"X{number}",
                "F1" if number % 2 else "F2",
                f"L{number % 4}",
                f"2013/{number % 12 + 1}/5",
                194,
                12.5,
                7.1,
                32,
                "ABC"[number % 3],
                "运行",
            ]  # fmt: skip
        )
    with (plant.folder / "devices.csv").open("w", encoding="gb18030", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])


def _spelled(device_id: str, chance: random.Random) -> str:
    """An id as three systems of one plant write it."""
    letter, number = device_id.split("-")
    return chance.choice((f"{letter}{int(number)}", f"{letter.lower()} {number}", device_id))


def _orders(plant: ForeignPlant, chance: random.Random, count: int) -> None:
    header = ["Order", "Equipment", "Short text", "Order type", "Priority", "System status",
              "Created on", "Actual start", "Actual finish", "Actual work (min)",
              "Total cost (EUR)", "Failure code", "Action taken", "Spare parts"]  # fmt: skip
    rows = list[list[object]]()
    for number in range(count):
        device = chance.choice(plant.devices)
        begin = datetime(FIRST_YEAR, 1, 1, 8, tzinfo=ZONE) + timedelta(
            minutes=chance.randrange(10 * 365 * 1440)
        )
        end = begin + timedelta(minutes=chance.randrange(30, 3000))
        kind = chance.choice(("PM01", "PM02", "PM02", "Inspection"))
        status = chance.choice(("REL CNF TECO", "CLSD", "REL", "CRTD", "TECO"))
        code = chance.choice((*CODES, "")) if kind == "PM01" else ""
        row: list[object] = [
            400_000 + number, _spelled(device, chance), chance.choice(_TEXTS), kind,
            chance.randrange(1, 5), status, f"{begin:%d.%m.%Y %H:%M}", f"{begin:%d.%m.%Y %H:%M}",
            f"{end:%d.%m.%Y %H:%M}" if status not in ("REL", "CRTD") else "", 90, "1.234,50", code,
            "密封已更换; OK", "轴承 6205 x2; Seal",
        ]  # fmt: skip
        if number % 100 == 17:
            place, dirt = chance.choice(
                ((1, "ZZ-999"), (1, ""), (3, "???"), (5, "XYZ"), (6, "soon"), (9, "a while"))
            )
            row[place] = dirt
            plant.bad_orders += 1
        else:
            plant.orders.append(
                {"number": str(400_000 + number), "device": device, "begin": begin, "code": code,
                 "class": "corrective" if kind == "PM01" else "preventive",
                 "done": status not in ("REL", "CRTD")}
            )  # fmt: skip
        rows.append(row)
    write_xlsx(plant.folder / "orders.xlsx", [["Export 4711"], [], header, *rows])


def _events(plant: ForeignPlant, chance: random.Random, count: int) -> None:
    header = [
        "Event ID",
        "Tag",
        "Time",
        "Return time",
        "Severity",
        "Alarm code",
        "Alarm text",
        "Op",
    ]
    with (plant.folder / "events.csv").open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        for number in range(count):
            device = chance.choice(plant.devices)
            begin = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) + timedelta(
                seconds=chance.randrange(10 * 365 * 86400)
            )
            end = begin + timedelta(seconds=chance.randrange(5, 9000))
            level = chance.choice(("Critical", "High", "Medium", "Low", "警告"))
            code = chance.choice(("TAH", "VAHH", "PAL"))
            row: list[object] = [
                f"E{number}", _spelled(device, chance), begin.isoformat(), end.isoformat(), level,
                code, f"{code} 报警, high", chance.choice(("", "wang")),
            ]  # fmt: skip
            if number % 500 == 3:
                place, dirt = chance.choice(((1, "nobody"), (2, "never"), (4, "purple")))
                row[place] = dirt
                plant.bad_events += 1
            else:
                plant.events.append({"device": device, "code": code, "begin": begin})
            out.writerow(row)


def _codes(plant: ForeignPlant) -> None:
    lines = [json.dumps({"code": code, "名称": name, "name": code.title()}, ensure_ascii=False)
             for code, name in CODES.items()]  # fmt: skip
    (plant.folder / "codes.jsonl").write_text("\n".join(lines), encoding="utf-8")
