"""The picture of a room, drawn without a terminal."""

from pathlib import Path

import pytest
from driving import console
from tui_plant import Plant

from opsmith.app.tui_picture import draw, size_of
from opsmith.errors import BadInput


def test_a_room_is_drawn_as_a_picture_that_fetches_nothing(plant: Plant, tmp_path: Path) -> None:
    file = tmp_path / "alert.svg"
    draw(console(plant), file, (120, 40), ["enter"])
    svg = file.read_text(encoding="utf-8")
    assert "Report&#160;of&#160;record" in svg
    assert "PUMP_01" in svg
    assert "http" not in svg.replace("http://www.w3.org/", "")


def test_where_it_cannot_be_written_the_file_is_named(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        draw(console(plant), tmp_path / "nowhere" / "a.svg", (80, 24))


@pytest.mark.parametrize("size", ["", "80", "10x10", "80x5", "wide", "9999x40"])
def test_what_is_no_size_of_a_terminal_is_told_so(size: str) -> None:
    with pytest.raises(BadInput, match="140x40"):
        size_of(size)
