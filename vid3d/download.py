"""A benchmark's photograph from its pinned address, or from a folder that holds it already; verified either way."""

import hashlib
import shutil
from pathlib import Path

from vid3d.config import Photograph
from vid3d.errors import InputError
from vid3d.files import atomic


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
            _download(photograph, temporary)
            source = Path(str(photograph.url))
        found = hashlib.sha256(temporary.read_bytes()).hexdigest()
        if photograph.sha256 is not None and found != photograph.sha256:
            raise InputError(f"{source}: wrong checksum sha256 {found}, expected {photograph.sha256}; fetch it anew")


def _download(photograph: Photograph, path: Path) -> None:
    import pooch

    if photograph.url is None:
        raise InputError(
            f"{photograph.file}: the manifest gives no address; set benchmark_dir to a folder that holds it"
        )
    try:
        pooch.HTTPDownloader(timeout=60)(photograph.url, path, pooch=None, check_only=False)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(
            f"{photograph.url}: cannot be downloaded ({why}); set benchmark_dir to a folder with it"
        ) from None
