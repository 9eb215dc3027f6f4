"""The setting ``from=FILE`` of the workflow: an archive is restored before anything is planned."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vid3d.errors import InputError

SETTING = "from"


def restored(settings: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The settings of the command line without ``from``; what it names, if it is there, is in ``results/`` then.

    A dry run restores, too, since what there is to do follows from what is there.

    Args:
        settings: as they were typed.
        root: the folder that holds ``results/``.

    Raises:
        InputError: no file is named, or one that cannot be restored (``archive.unpack``).
    """
    others = {name: value for name, value in settings.items() if name != SETTING}
    if SETTING in settings:
        if not settings[SETTING]:
            raise InputError(f"{SETTING}=: names no file; write {SETTING}=FILE, a file of vid3d archive")
        from vid3d.checking import archive  # and with it the tables' code, which no other plan needs

        archive.unpack(Path(str(settings[SETTING])), root)
    return others
