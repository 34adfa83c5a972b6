"""`opsmith mcp install`: a client's configuration, with nothing of anybody else's lost."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from opsmith.app.mcp_install import CLIENTS, claude_desktop_path, install
from opsmith.errors import BadInput
from opsmith.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def settings(home: Path, **given: Any) -> Settings:
    return Settings(data_dir=home / "data", _env_file=None, **given)  # pyright: ignore[reportCallIssue]  pydantic-settings takes it


def written() -> dict[str, Any]:
    return json.loads(claude_desktop_path().read_text(encoding="utf-8"))


def test_each_platform_has_its_own_place(home: Path) -> None:
    name = "claude_desktop_config.json"
    mac = home / "Library" / "Application Support" / "Claude" / name
    assert claude_desktop_path("darwin", {}) == mac
    roaming = str(home / "Roaming")
    windows = claude_desktop_path("win32", {"APPDATA": roaming})
    assert windows == home / "Roaming" / "Claude" / name
    assert claude_desktop_path("linux", {}) == home / ".config" / "Claude" / name
    moved = claude_desktop_path("linux", {"XDG_CONFIG_HOME": str(home / "xdg")})
    assert moved == home / "xdg" / "Claude" / name


def test_a_client_without_a_configuration_gets_one_that_starts_us(home: Path) -> None:
    told = install("claude-desktop", groups=["telemetry"], settings=settings(home))
    entry = written()["mcpServers"]["opsmith"]
    assert str(claude_desktop_path()) in told
    assert Path(entry["command"]).is_file()
    assert entry["args"][-2:] == ["mcp", "telemetry"]
    assert entry["env"] == {"OPSMITH_DATA_DIR": str(home / "data")}
    assert claude_desktop_path().stat().st_mode & 0o077 == 0


def test_what_others_wrote_stays_and_the_file_as_it_was_is_kept(home: Path) -> None:
    path = claude_desktop_path()
    path.parent.mkdir(parents=True)
    before = {
        "theme": "深色",
        "mcpServers": {
            "other": {"command": "x", "args": ["ü"]},
            "opsmith": {"command": "old", "disabled": True, "env": {"MINE": "1"}},
        },
    }
    text = "\ufeff" + json.dumps(before)
    path.write_text(text, encoding="utf-8")
    zoned = settings(home, timezone="Asia/Shanghai", language="zh")
    told = install("claude-desktop", write_tools=True, settings=zoned)
    after = written()
    assert after["theme"] == "深色" and after["mcpServers"]["other"] == {
        "command": "x", "args": ["ü"],
    }  # fmt: skip
    entry = after["mcpServers"]["opsmith"]
    assert entry["disabled"] is True and entry["command"] != "old"
    assert entry["env"] == {
        "MINE": "1",
        "OPSMITH_DATA_DIR": str(home / "data"),
        "OPSMITH_LANGUAGE": "zh",
        "OPSMITH_TIMEZONE": "Asia/Shanghai",
        "OPSMITH_ALLOW_WRITES": "true",
    }
    kept = path.with_name(f"{path.name}.bak")
    assert kept.read_text(encoding="utf-8") == text and str(kept) in told
    again = install("claude-desktop", write_tools=True, settings=zoned)
    assert "nothing was changed" in again
    install("claude-desktop", settings=zoned)
    assert "OPSMITH_ALLOW_WRITES" not in written()["mcpServers"]["opsmith"]["env"]
    assert kept.read_text(encoding="utf-8") == text
    assert sorted(one.name for one in path.parent.iterdir()) == [
        path.name, f"{path.name}.bak", f"{path.name}.bak2",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["{", "[]", '{"mcpServers": []}', "\x00\xff", "[" * 100_000])
def test_a_broken_file_is_refused_in_a_line_and_left_alone(home: Path, broken: str) -> None:
    path = claude_desktop_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(broken.encode("latin-1"))
    with pytest.raises(BadInput) as raised:
        install("claude-desktop", settings=settings(home))
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)
    assert path.read_bytes() == broken.encode("latin-1")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("client", CLIENTS)
def test_printing_changes_no_file_and_gives_what_the_client_reads(home: Path, client: str) -> None:
    text = install(client, print_only=True, settings=settings(home)).partition("\n\nKEY")[0]
    assert list(home.iterdir()) == []
    if client == "codex":
        entry = tomllib.loads(text)["mcp_servers"]["opsmith"]
    else:
        entry = json.loads(text)["servers" if client == "vscode" else "mcpServers"]["opsmith"]
    if client == "http":
        assert entry["url"].endswith("/mcp") and "Bearer" in entry["headers"]["Authorization"]
    else:
        assert entry["args"][-1] == "mcp" and entry["env"]["OPSMITH_DATA_DIR"]


def test_a_client_that_connects_is_given_the_address_and_where_the_key_goes(home: Path) -> None:
    url = "https://plant.example/mcp/telemetry"
    for client in ("claude-code", "cursor", "vscode", "codex", "gemini", "http"):
        text = install(client, url=url, settings=settings(home))
        assert url in text and "command" not in text and "opsmith keys add" in text
    with pytest.raises(BadInput, match="leave out --url"):
        install("claude-desktop", url=url, settings=settings(home))
    with pytest.raises(BadInput, match="No URL"):
        install("cursor", url='http://x"\n', settings=settings(home))


def test_a_password_is_never_written_into_a_client_s_file(home: Path) -> None:
    secret = settings(home, database_url="mysql+pymysql://ops:hunter2@db/opsmith")
    told = install("claude-desktop", settings=secret)
    assert "hunter2" not in claude_desktop_path().read_text() + told
    assert "OPSMITH_DATABASE_URL" in told
    assert "OPSMITH_DATABASE_URL" in install("stdio", settings=secret)


def test_an_unknown_client_is_named_with_those_that_there_are(home: Path) -> None:
    with pytest.raises(BadInput, match="'emacs'.*claude-desktop"):
        install("emacs", settings=settings(home))
