"""The one exception that users are meant to see."""


class InputError(Exception):
    """Something given from outside is wrong: a setting, a file, a checksum.

    The message is one line that names the file or setting, says what is wrong and what cures it.  The command line
    prints it without a traceback and exits with code 2.
    """
