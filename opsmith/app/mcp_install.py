"""Put opsmith into an MCP client: the client's configuration, written or printed."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from opsmith.errors import BadInput
from opsmith.settings import Settings, load_settings

NAME = "opsmith"
"""Under which a client lists the server."""

CLIENTS: Mapping[str, str] = {
    "claude-desktop": "claude_desktop_config.json (Settings > Developer > Edit Config)",
    "claude-code": ".mcp.json in the project, or `claude mcp add`",
    "cursor": "~/.cursor/mcp.json, or .cursor/mcp.json in the project",
    "vscode": ".vscode/mcp.json in the workspace, or `MCP: Open User Configuration`",
    "codex": "~/.codex/config.toml",
    "gemini": "~/.gemini/settings.json",
    "stdio": "any client that starts its servers",
    "http": "any client that speaks streamable HTTP",
}
"""Those that are known, and where each keeps its servers."""

_URL = "http://127.0.0.1:8323/mcp"
_KEY = "KEY"
_NO_URL = ("claude-desktop", "stdio")

Entry = dict[str, Any]
"""What a client is told of one server."""


def install(
    client: str,
    print_only: bool = False,
    groups: Sequence[str] = (),
    *,
    write_tools: bool = False,
    url: str | None = None,
    settings: Settings | None = None,
) -> str:
    """Write the client's configuration, or say what belongs in it.

    Args:
        client: One of `CLIENTS`.
        print_only: Change no file.
        groups: Of tools; none: all.
        write_tools: Enable those that write.
        url: Of a server that runs; None: the client starts its own over stdio.
        settings: What the server works on; None: as the environment says.

    Returns:
        What to tell the person.

    Raises:
        BadInput: No such client, its file is broken, or it cannot be written.
    """
    if client not in CLIENTS:
        raise BadInput(f"No client {client!r}; there are {', '.join(CLIENTS)}")
    if url is not None and client in _NO_URL:
        raise BadInput(f"{client} starts its servers itself; leave out --url")
    if url is not None and not re.fullmatch(r"https?://[^\s\"'\\]+", url):
        raise BadInput(f"No URL of a server: {url!r}; such as {_URL}")
    settings = settings or load_settings()
    over_http = url is not None or client == "http"
    entry = _by_url(client, url or _URL) if over_http else _by_command(client, groups, settings)
    if write_tools and not over_http:
        entry["env"]["OPSMITH_ALLOW_WRITES"] = "true"
    text = (
        write_entry(claude_desktop_path(), entry)
        if client == "claude-desktop" and not print_only
        else _printed(client, entry, over_http)
    )
    if not over_http and _has_password(settings.database_url):
        text += (
            "\n\nOPSMITH_DATABASE_URL holds a password and is not written here: "
            "add it to the env of this entry yourself."
        )
    return text


def claude_desktop_path(
    platform: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> Path:
    """Where Claude Desktop keeps its configuration on this platform."""
    home = Path.home()
    if platform == "darwin":
        folder = home / "Library" / "Application Support"
    elif platform == "win32":
        folder = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    else:
        folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return folder / "Claude" / "claude_desktop_config.json"


def write_entry(path: Path, entry: Entry) -> str:
    """Put our entry among the client's servers; everything else in the file stays.

    The file as it was is kept beside it. Of an entry of ours that stands there already, other
    fields and other variables of `env` stay.

    Raises:
        BadInput: The file is no JSON of such a client, or cannot be read or written.
    """
    path = path.resolve()
    try:
        before = path.read_bytes() if path.exists() else None
        config = _parsed(path, before)
        servers = _object(path, "mcpServers", config.setdefault("mcpServers", {}))
        known = _object(path, f"mcpServers.{NAME}", servers.get(NAME, {}))
        wanted = {**known, **entry, "env": {**_foreign(path, known), **entry["env"]}}
        if servers.get(NAME) == wanted:
            return f"{path} has it already; nothing was changed."
        servers[NAME] = wanted
        lines = list[str]()
        path.parent.mkdir(parents=True, exist_ok=True)
        if before is not None:
            lines.append(f"The file as it was: {_keep(path, before)}")
        _replace(path, json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise BadInput(
            f"Cannot write {path}: {error.strerror}; print it with --print and paste it in yourself"
        ) from error
    return "\n".join([f"Written: {path}", *lines, "Quit the client altogether and start it again."])


def _parsed(path: Path, content: bytes | None) -> dict[str, Any]:
    if content is None or not content.strip():
        return {}
    try:
        return _object(path, "the whole", json.loads(content.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"{path} is no JSON ({error}); mend it, or move it away, and try again"
        ) from error


def _object(path: Path, what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{path}: {what} is no object in braces; mend it and try again")
    return cast(dict[str, Any], value)


def _foreign(path: Path, known: dict[str, Any]) -> dict[str, Any]:
    """Variables that somebody else set; those that enable writing are ours to give."""
    env = _object(path, f"mcpServers.{NAME}.env", known.get("env", {}))
    return {name: value for name, value in env.items() if name != "OPSMITH_ALLOW_WRITES"}


def _keep(path: Path, content: bytes) -> Path:
    for number in range(1, 1000):
        kept = path.with_name(f"{path.name}.bak{number if number > 1 else ''}")
        try:
            with kept.open("xb") as file:
                file.write(content)
            kept.chmod(path.stat().st_mode & 0o777)
            return kept
        except FileExistsError:
            if kept.read_bytes() == content:
                return kept
    raise BadInput(f"There are a thousand backups of {path}; move some away")


def _replace(path: Path, text: str) -> None:
    """All or nothing: a client never reads half a file."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o600)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _by_command(client: str, groups: Sequence[str], settings: Settings) -> Entry:
    here = Path(sys.executable)
    script = here.with_name("opsmith.exe" if sys.platform == "win32" else "opsmith")
    command = [str(script)] if script.exists() else [str(here), "-m", "opsmith.app.cli"]
    entry = {"type": "stdio"} if client in ("claude-code", "vscode") else {}
    return {
        **entry,
        "command": command[0],
        "args": [*command[1:], "mcp", *groups],
        "env": _environment(settings),
    }


def _environment(settings: Settings) -> dict[str, str]:
    """What the client's process has to know: it is not started in this folder."""
    found = {"OPSMITH_DATA_DIR": str(settings.data_dir.expanduser().absolute())}
    if settings.database_url and not _has_password(settings.database_url):
        found["OPSMITH_DATABASE_URL"] = settings.database_url
    for name in ("language", "timezone"):
        if getattr(settings, name) != Settings.model_fields[name].default:
            found[f"OPSMITH_{name.upper()}"] = str(getattr(settings, name))
    return found


def _has_password(url: str) -> bool:
    try:
        return bool(url) and make_url(url).password is not None
    except ArgumentError:
        return True


def _by_url(client: str, url: str) -> Entry:
    if client == "codex":
        return {"url": url, "bearer_token_env_var": "OPSMITH_API_KEY"}
    headers = {"Authorization": f"Bearer {_KEY}"}
    if client == "gemini":
        return {"httpUrl": url, "headers": headers}
    entry = {"url": url, "headers": headers}
    return entry if client == "cursor" else {"type": "http", **entry}


def _printed(client: str, entry: Entry, over_http: bool) -> str:
    if client == "codex":
        text = _toml(entry)
    else:
        servers = "servers" if client == "vscode" else "mcpServers"
        text = json.dumps({servers: {NAME: entry}}, indent=2, ensure_ascii=False)
    if not over_http:
        return text
    note = "OPSMITH_API_KEY holds" if client == "codex" else f"{_KEY} stands for"
    return f"{text}\n\n{note} what `opsmith keys add NAME` shows once."


def _toml(entry: Entry) -> str:
    lines = [f"[mcp_servers.{NAME}]"]
    lines += [f"{key} = {_toml_value(value)}" for key, value in entry.items() if key != "env"]
    if "env" in entry:
        lines += ["", f"[mcp_servers.{NAME}.env]"]
        lines += [f"{key} = {_toml_value(value)}" for key, value in entry["env"].items()]
    return "\n".join(lines)


def _toml_value(value: str | list[str]) -> str:
    # TOML's basic strings and arrays of them are written as JSON's, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
