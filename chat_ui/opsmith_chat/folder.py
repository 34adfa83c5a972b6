"""The folder that Chainlit works in: its settings, our help, our marks."""

import json
import os
import secrets
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from opsmith.errors import BadInput
from opsmith_agents.wording_help import HELP
from opsmith_chat.room import Room

_SETTINGS = """\
[project]
session_timeout = 3600
cache = false
allow_origins = []

[features]
unsafe_allow_html = false
latex = false
user_message_markdown = false
edit_message = false

[features.spontaneous_file_upload]
enabled = false

[features.mcp]
enabled = false

[UI]
name = "opsmith"
description = {description}
language = {locale}
default_theme = "light"
layout = "wide"
cot = "tool_call"
confirm_new_chat = false
custom_meta_url = "/"
custom_meta_image_url = "/favicon"

[meta]
generated_by = {version}
"""


def lay_out(folder: Path, room: Room) -> None:
    """Write the folder anew, and point Chainlit at it.

    Chainlit reads where it lives from the environment when it is imported: call this before, once
    in a process.

    Args:
        folder: Its former content is lost; no other process may work in it.
        room: In whose language it is.

    Raises:
        BadInput: Chainlit is not installed, or the folder cannot be written.
    """
    found = find_spec("chainlit")
    if found is None or not found.submodule_search_locations:
        raise BadInput("The chat needs Chainlit: pip install 'opsmith[chat]'")
    try:
        _write(folder, Path(found.submodule_search_locations[0]) / "translations", room)
    except OSError as error:
        raise BadInput(
            f"Cannot write the chat's folder {folder}: {error.strerror}; "
            "set OPSMITH_DATA_DIR to a folder that you may write"
        ) from error
    os.environ["CHAINLIT_APP_ROOT"] = str(folder)
    # Nobody signs in yet; a secret that nobody knows keeps made-up tokens out.
    os.environ["CHAINLIT_AUTH_SECRET"] = secrets.token_urlsafe(48)
    # Else it takes a .env of the current folder into the environment.
    os.environ["CHAINLIT_ENV_FILE"] = os.devnull


def _write(folder: Path, translations: Path, room: Room) -> None:
    words = room.words
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ".chainlit" / "translations").mkdir(parents=True)
    settings = _SETTINGS.format(
        description=json.dumps(words.description, ensure_ascii=False),
        locale=json.dumps(words.locale),
        # It refuses settings of an older version.
        version=json.dumps(version("chainlit")),
    )
    (folder / ".chainlit" / "config.toml").write_text(settings, "utf-8")
    (folder / f"chainlit_{words.locale}.md").write_text(
        f"# opsmith\n\n{_who_answers(room)}\n\n{HELP[room.language]}\n", "utf-8"
    )
    name = f"{words.locale}.json"
    texts: dict[str, Any] = json.loads((translations / name).read_text("utf-8"))
    texts["chat"]["watermark"] = _who_answers(room)
    texts["chat"]["input"]["placeholder"] = words.placeholder
    texts["navigation"]["header"]["readme"] = words.help
    (folder / ".chainlit" / "translations" / name).write_text(
        json.dumps(texts, ensure_ascii=False, indent=1), "utf-8"
    )
    shutil.copytree(Path(__file__).parent / "public", folder / "public")


def _who_answers(room: Room) -> str:
    words = room.words
    return words.model_answers.format(model=room.model) if room.model else words.rules_answer
