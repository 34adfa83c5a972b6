"""Chainlit's page below a path, where it has the address of a conversation too."""

import json
import logging
import re
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)

_AT_TOP = re.compile(r'(new URL\(window\.location\.href\);[^;]{0,120}?)([\w$]+)\.pathname==="/"')
_RESUMED = "window.location.href=`/thread/"


def lay_out_build(dist: Path, folder: Path, root: str) -> bool:
    """Copy Chainlit's build, and have its script know where the page is.

    The script goes from the page to the address of a conversation where it is at `/` alone: below a
    path a reload would begin anew.

    Args:
        dist: The build that came with Chainlit.
        folder: Where it is copied to.
        root: Path under which the page will be, such as `/chat`.

    Returns:
        Whether it is there; not where this Chainlit is written otherwise.
    """
    scripts = [*(dist / "assets").glob("index-*.js")]
    if len(scripts) != 1:
        logger.warning("Chainlit's build is unknown: a reload of the chat begins anew")
        return False
    text = scripts[0].read_text("utf-8")
    tops = json.dumps([root, f"{root}/"])
    text, count = _AT_TOP.subn(lambda hit: f"{hit[1]}{tops}.includes({hit[2]}.pathname)", text)
    if count != 2:
        logger.warning("Chainlit's script is unknown: a reload of the chat begins anew")
        return False
    text = text.replace(_RESUMED, f"window.location.href=`{root}/thread/")
    shutil.copytree(dist, folder, ignore=shutil.ignore_patterns("*.map", scripts[0].name))
    (folder / "assets" / scripts[0].name).write_text(text, "utf-8")
    return True
