"""Python runs this when it starts with the folder on its path: what it asks of a network is noted, and let through."""

import os
import sys

ASKING = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request")


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event in ASKING:
        asked = [argument for argument in arguments if isinstance(argument, str | bytes | tuple | int)]
        if event == "socket.connect" and isinstance(arguments[1], str | bytes):
            return  # a socket of this machine's own
        with open(os.environ["VID3D_HEARD"], "a", encoding="utf-8") as stream:
            stream.write(f"{event} {asked!r} by {' '.join(sys.argv[:3])}\n")


if "VID3D_HEARD" in os.environ:
    sys.addaudithook(_hear)
