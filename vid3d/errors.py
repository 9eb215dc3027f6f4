"""The one exception that users are meant to see, and what it quotes of others."""


def first_line(error: Exception) -> str:
    """What another library's error says first, or the name of its class where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":. ")


class InputError(Exception):
    """Something given from outside is wrong: a setting, a file, a checksum.

    The message is one line that names the file or setting, says what is wrong and what cures it.  The command line
    prints it without a traceback and exits with code 2.
    """
