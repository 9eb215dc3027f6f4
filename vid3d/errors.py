"""The one exception that users are meant to see, and what it quotes of others."""

import errno
import os
from pathlib import Path

LONGEST = 1600  # signs of a message
CURES = {  # what a system refuses for reasons that are not in the program, and what its user can do
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some of your quota and run again",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f) and run again",
    errno.EROFS: "mount it writable, or work in another folder",
    errno.EACCES: "change its permissions, or work in another folder",
    errno.EPERM: "change its permissions, or work in another folder",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EMFILE: "raise the limit of open files (ulimit -n) and run again",
    errno.EIO: "check the disk and run again",
}


def first_line(error: Exception) -> str:
    """What another library's error says first, or the name of its class where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":. ")


def unwritable(folder: Path) -> str | None:
    """What is said of a folder that cannot be written, in one line; None if it can be, or is not there yet."""
    if not folder.is_dir() or os.access(folder, os.W_OK):
        return None
    code = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
    return refusal(OSError(code, os.strerror(code)), folder)


class InputError(Exception):
    """Something given from outside is wrong: a setting, a file, a checksum.

    The message is one line that names the file or setting, says what is wrong and what cures it.  The command line
    prints it without a traceback and exits with code 2.  Names and contents that it quotes may hold line breaks, or
    what a terminal obeys: these are shown as Python writes them, and the middle of what is too long is left out.
    """

    def __init__(self, message: object) -> None:
        text = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(message))
        super().__init__(text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}")


def refusal(error: BaseException, path: str | Path | None = None) -> str | None:
    """What is said of an error that is the system's, in one line: a full disk, a folder that cannot be written.

    Args:
        error: any.
        path: what was read or written, as the user knows it; None takes the name that the error brings.

    Returns:
        None for any other error.
    """
    if isinstance(error, MemoryError):
        return (
            f"{f'{path}: ' if path else ''}there is not enough memory; free some, or give the job more, and run again"
        )
    code = getattr(error, "errno", None)
    if not isinstance(error, OSError) or code not in CURES:
        return None
    place = path or error.filename or "a file"
    return f"{place}: {(error.strerror or errno.errorcode[code]).lower()}; {CURES[code]}"
