"""A benchmark's photograph from its pinned address, or from a folder that holds it already; verified either way.

Another method's video comes from its address too.  Where no checksum is pinned, the first download records what it got,
and later ones must be the same.
"""

import hashlib
import shutil
from pathlib import Path

from vid3d.errors import InputError
from vid3d.files import atomic, save_text
from vid3d.study.config import Photograph


def fetch(photograph: Photograph, folder: Path | None, output: Path) -> None:
    """Bring ``photograph`` to ``output``.

    Args:
        photograph: file name, address and sha256.
        folder: where the file lies already; None downloads it.
        output: written only if the checksum holds.

    Raises:
        InputError: not there, not reachable, or another checksum than the manifest's.
    """
    with atomic(output) as temporary:
        if folder is not None:
            source = folder / photograph.file
            if not source.is_file():
                raise InputError(f"{source}: no such file; check benchmark_dir or leave it out to download")
            shutil.copyfile(source, temporary)
        else:
            if photograph.url is None:
                raise InputError(
                    f"{photograph.file}: the manifest gives no address; set benchmark_dir to a folder that holds it"
                )
            _download(photograph.url, temporary, "set benchmark_dir to a folder with it")
            source = Path(photograph.url)
        found = hashlib.sha256(temporary.read_bytes()).hexdigest()
        if photograph.sha256 is not None and found != photograph.sha256:
            raise InputError(f"{source}: wrong checksum sha256 {found}, expected {photograph.sha256}; fetch it anew")


def fetch_video(url: str, sha256: str | None, output: Path) -> str | None:
    """Bring a video to ``output``.

    Args:
        sha256: what it must be.  None is not pinned: the checksum is written beside ``output``, with ``.sha256`` after
            its name, and if one stands there already the video must have it.

    Returns:
        The checksum of a video that is not pinned, else None.

    Raises:
        InputError: not reachable, or another checksum.
    """
    record = output.with_name(f"{output.name}.sha256")
    recorded = record.read_text(encoding="utf-8").split()[:1] if record.is_file() else []
    expected = [sha256] if sha256 else recorded
    with atomic(output) as temporary:
        _download(url, temporary, f"check the network, or put the file there: {output}")
        found = hashlib.sha256(temporary.read_bytes()).hexdigest()
        if expected not in ([], [found]):
            origin = "the manifest" if sha256 else record
            raise InputError(f"{url}: wrong checksum sha256 {found}, not {expected[0]} of {origin}; it has changed")
    if sha256 is None:
        save_text(record, f"{found}  {output.name}\n")
    return None if sha256 else found


def _download(url: str, path: Path, cure: str) -> None:
    import pooch

    try:
        pooch.HTTPDownloader(timeout=60)(url, path, pooch=None, check_only=False)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(f"{url}: cannot be downloaded ({why}); {cure}") from None
