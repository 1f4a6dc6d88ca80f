"""Where a cluster's processes keep Python's bytecode when the environment forbids to keep it beside the source.

Images of containers often set PYTHONDONTWRITEBYTECODE, so that nothing is written into them. Each start would compile
Ray, Arrow's Python and the roles anew then, which takes more than all the rest of it. The cluster's processes keep the
bytecode in the user's own cache instead (PYTHONPYCACHEPREFIX), and their first start alone takes that time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

FORBIDDEN = "PYTHONDONTWRITEBYTECODE"
ELSEWHERE = "PYTHONPYCACHEPREFIX"
CACHE_HOME = "XDG_CACHE_HOME"


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a cluster's processes. It is as it was where bytecode is kept anyway, where somebody has said
    in which folder, and where the user's cache cannot be written."""
    if not environment.get(FORBIDDEN) or environment.get(ELSEWHERE):
        return dict(environment)
    home = environment.get(CACHE_HOME, "")
    folder = (Path(home) if os.path.isabs(home) else Path("~/.cache").expanduser()) / "eagleray" / "bytecode"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return dict(environment)
    if not os.access(folder, os.W_OK) or folder.stat().st_uid != os.getuid():
        return dict(environment)
    return {name: value for name, value in environment.items() if name != FORBIDDEN} | {ELSEWHERE: str(folder)}
