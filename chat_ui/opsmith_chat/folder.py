"""The folder that Chainlit works in: its settings, our help, our marks."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from opsmith.domain.base import Language
from opsmith.errors import BadInput
from opsmith_agents.wording_help import HELP
from opsmith_chat.attached import ACCEPT, MOST, PDF_BYTES
from opsmith_chat.build import lay_out_build
from opsmith_chat.room import Room
from opsmith_chat.secret import secret_in
from opsmith_chat.sign_in import HOURS
from opsmith_chat.sign_in_words import SIGN_IN_WORDS
from opsmith_chat.wording import WORDS, Words

_SETTINGS = """\
[project]
session_timeout = 600
user_session_timeout = {sign_in}
cache = false
allow_origins = []

[features]
unsafe_allow_html = false
latex = false
user_message_markdown = false
edit_message = false
favorites = false
allow_thread_sharing = false

[features.spontaneous_file_upload]
enabled = {uploads}
accept = {accept}
max_files = {most_files}
max_size_mb = {most_mb}

[features.mcp]
enabled = false

[UI]
name = "opsmith"
description = {description}
default_theme = "light"
layout = "wide"
cot = "tool_call"
confirm_new_chat = false
custom_meta_url = "/"
login_page_image = {image}
login_page_image_filter = "brightness-100"
login_page_image_dark_filter = "brightness-50"
custom_meta_image_url = "/favicon"
custom_css = "/public/opsmith.css"
custom_js = "/public/opsmith.js"
# Before Chainlit's own script.
custom_js_attributes = ""
{build}

[meta]
generated_by = {version}
"""


def lay_out(folder: Path, room: Room, root: str = "", *, is_open: bool = False) -> None:
    """Write the folder anew, and point Chainlit at it.

    Chainlit reads where it lives from the environment when it is imported: call this before, once
    in a process.

    Args:
        folder: Its former content is lost; no other process may work in it.
        room: In whose language it is.
        root: Path under which the page will be; empty at the top.
        is_open: Nobody needs a password; it is said so.

    Raises:
        BadInput: Chainlit is not installed, or the folder cannot be written.
    """
    found = find_spec("chainlit")
    if found is None or not found.submodule_search_locations:
        raise BadInput("The chat needs Chainlit: pip install 'opsmith[chat]'")
    try:
        _write(folder, Path(found.submodule_search_locations[0]), room, root, is_open)
        secret = secret_in(folder.parent)
    except OSError as error:
        raise BadInput(
            f"Cannot write the chat's folder {folder}: {error.strerror}; "
            "set OPSMITH_DATA_DIR to a folder that you may write"
        ) from error
    os.environ["CHAINLIT_APP_ROOT"] = str(folder)
    os.environ["CHAINLIT_AUTH_SECRET"] = secret
    # A browser tells ports apart in nothing but this: two plants on a machine share its cookies.
    os.environ["CHAINLIT_AUTH_COOKIE_NAME"] = f"opsmith_{folder.name}"
    # Else it takes a .env of the current folder into the environment.
    os.environ["CHAINLIT_ENV_FILE"] = os.devnull


def _write(folder: Path, chainlit: Path, room: Room, root: str, is_open: bool) -> None:
    words = room.words
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ".chainlit" / "translations").mkdir(parents=True)
    is_built = root and lay_out_build(chainlit / "frontend" / "dist", folder / "build", root)
    settings = _SETTINGS.format(
        build='custom_build = "build"' if is_built else "",
        image=json.dumps(f"{root}/public/login.svg"),
        sign_in=HOURS * 3600,
        description=json.dumps(words.description, ensure_ascii=False),
        uploads=json.dumps(room.trier is not None),
        accept=_inline(ACCEPT),
        most_files=MOST,
        most_mb=PDF_BYTES // (1024 * 1024),
        # It refuses settings of an older version.
        version=json.dumps(version("chainlit")),
    )
    (folder / ".chainlit" / "config.toml").write_text(settings, "utf-8")
    for language in WORDS:
        _write_texts(folder, chainlit / "translations", room, language, is_open)
    shutil.copytree(Path(__file__).parent / "public", folder / "public")


def _write_texts(
    folder: Path, translations: Path, room: Room, language: Language, is_open: bool
) -> None:
    words = WORDS[language]
    said = _said(room, language, is_open)
    (folder / f"chainlit_{words.locale}.md").write_text(
        f"# opsmith\n\n{said}\n\n{HELP[language]}\n", "utf-8"
    )
    name = f"{words.locale}.json"
    texts: dict[str, Any] = json.loads((translations / name).read_text("utf-8"))
    texts["chat"]["watermark"] = said.replace("\n\n", " ").replace("`", "")
    SIGN_IN_WORDS[language].into(texts)
    texts["chat"]["input"]["placeholder"] = words.placeholder
    texts["navigation"]["header"]["readme"] = words.help
    (folder / ".chainlit" / "translations" / name).write_text(
        json.dumps(texts, ensure_ascii=False, indent=1), "utf-8"
    )


def _inline(table: Mapping[str, Sequence[str]]) -> str:
    """A table of lists as TOML writes it in one line."""
    return "{ " + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in table.items()) + " }"


def _said(room: Room, language: Language, is_open: bool) -> str:
    said = _who_answers(room, WORDS[language])
    return f"{said}\n\n{SIGN_IN_WORDS[language].nobody}" if is_open else said


def _who_answers(room: Room, words: Words) -> str:
    return words.model_answers.format(model=room.model) if room.model else words.rules_answer
