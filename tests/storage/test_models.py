"""Learned models on disk: versions, one of them active, and no code in them."""

from pathlib import Path

import numpy as np
import pytest

from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.models import ModelStore


def kept(folder: Path, versions: int) -> ModelStore:
    store = ModelStore(folder, "rul")
    for version in range(1, versions + 1):
        store.keep("pump", {"x": np.full(3, float(version))}, {"number": version})
    return store


def test_the_first_version_is_active_until_another_is_chosen_and_can_be_rolled_back(
    tmp_path: Path,
) -> None:
    store = kept(tmp_path, 3)
    assert store.load("pump")[0].version == 1
    assert store.activate("pump", 3).is_active
    assert store.load("pump")[1]["x"][0] == 3
    assert store.load("pump@2")[1]["x"][0] == 2
    assert store.roll_back("pump").version == 1
    assert [(each.version, each.is_active) for each in store.list_all()] == [
        (1, True),
        (2, False),
        (3, False),
    ]
    with pytest.raises(Conflict, match="no version was active"):
        store.roll_back("pump")


def test_what_is_not_there_is_named_with_what_is(tmp_path: Path) -> None:
    store = kept(tmp_path, 2)
    with pytest.raises(NotFound, match="there: pump"):
        store.load("fan")
    with pytest.raises(NotFound, match="there: 1, 2"):
        store.load("pump@7")
    with pytest.raises(BadInput, match="no model's name"):
        store.load("../pump")


def test_a_model_that_holds_code_is_not_loaded(tmp_path: Path) -> None:
    store = kept(tmp_path, 1)
    path = tmp_path / "rul" / "pump" / "v0001" / "arrays.npz"
    np.savez(path, x=np.array([print], dtype=object))
    with pytest.raises(BadInput, match="is no model"):
        store.load("pump")
