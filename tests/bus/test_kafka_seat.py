"""A member's name at the brokers: one for each that lives, and the same for who comes back."""

from pathlib import Path

from opsmith.bus.kafka_seat import take_seat


def test_members_have_different_names_and_who_comes_back_has_the_old_one(tmp_path: Path) -> None:
    first, second = take_seat(tmp_path, "ingest"), take_seat(tmp_path, "ingest")
    other = take_seat(tmp_path, "responder")
    assert first is not None and second is not None and other is not None
    assert len({first.name, second.name, other.name}) == 3
    first.leave()
    again = take_seat(tmp_path, "ingest")
    assert again is not None and again.name == first.name
    for seat in (again, second, other):
        seat.leave()


def test_a_folder_that_is_not_there_gives_no_name(tmp_path: Path) -> None:
    assert take_seat(tmp_path / "none", "ingest") is None
