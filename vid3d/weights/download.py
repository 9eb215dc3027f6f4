"""Files from outside: published weights, a benchmark's photographs, other methods' videos.

A file gets its name once it is verified.  Until then what has arrived lies beside it as ``*.part``, and the next
attempt continues it.  (The hub client's own ``hf_hub_download`` deletes what it has when it fails, and trusts the
size.)
"""

import hashlib
import logging
import shutil
import sys
from pathlib import Path

from vid3d.errors import InputError
from vid3d.files import atomic, save_text
from vid3d.study.benchmark import Photograph
from vid3d.weights.manifest import Model


def bring_weights(model: Model, name: str, path: Path) -> None:
    """Bring file ``name`` of ``model`` to ``path``; one that is there already and right stays.

    The hub's address (``HF_ENDPOINT``) and a token (``HF_TOKEN``, or of ``hf auth login``) are the hub client's.

    Raises:
        InputError: not reachable, no such revision or file, access refused, or another size or checksum than the
            manifest's; nothing stands under the final name then.
    """
    file, part = model.files[name], _part(path)
    if file.problem(path) is None:
        return
    origin = f"{model.url}/{name}" if model.url else f"{model.repository} at {model.revision}: {name}"
    if not part.is_file() or part.stat().st_size < file.size:
        terms = f"https://huggingface.co/{model.repository}" if model.repository else model.url
        url, headers = _address(model, name)
        _download(url, part, origin, "check the network", headers=headers, terms=terms)
    problem = file.problem(part)
    if problem is not None:
        part.unlink()
        raise InputError(
            f"{origin}: {problem}; the download was deleted, try again, and if that happens twice"
            " config/weights.yaml or its source is wrong"
        )
    part.replace(path)


def bring_photograph(photograph: Photograph, folder: Path | None, output: Path) -> None:
    """Bring ``photograph`` to ``output``.

    Args:
        photograph: file name, address and sha256.
        folder: where the file lies already; None downloads it.
        output: written only if the checksum holds.

    Raises:
        InputError: not there, not reachable, or another checksum than the manifest's.
    """
    if folder is not None:
        _copy(folder / photograph.file, photograph.sha256, output, "benchmark_dir")
    elif photograph.url is not None:
        _bring(photograph.url, photograph.sha256, output, "set benchmark_dir to a folder with it", "fetch it anew")
    else:
        raise InputError(
            f"{photograph.file}: the manifest gives no address; set benchmark_dir to a folder that holds it"
        )


def bring_video(url: str, sha256: str | None, folder: Path | None, output: Path) -> str | None:
    """Bring a video to ``output``.

    Args:
        sha256: what it must be.  None is not pinned: the checksum is written beside ``output``, with ``.sha256`` after
            its name, and if one stands there already the video must have it.
        folder: where it lies already, under the last part of ``url``; None downloads it.

    Returns:
        The checksum of a video that is not pinned, else None.

    Raises:
        InputError: not there, not reachable, or another checksum.
    """
    record = output.with_name(f"{output.name}.sha256")
    recorded = record.read_text(encoding="utf-8").split()[:1] if record.is_file() else []
    expected = sha256 or next(iter(recorded), None)
    if folder is None:
        changed = f"it has changed since {'the manifest' if sha256 else record} was written"
        found = _bring(url, expected, output, f"check the network, or put the file there: {output}", changed)
    else:
        found = _copy(folder / url.rsplit("/", 1)[-1], expected, output, "authors_dir")
    if sha256 is not None:
        return None
    save_text(record, f"{found}  {output.name}\n")
    return found


def _copy(source: Path, sha256: str | None, output: Path, setting: str) -> str:
    """Copy a file of the folder that a setting names, and return its checksum."""
    if not source.is_file():
        raise InputError(f"{source}: no such file; check {setting} or leave it out to download")
    with atomic(output) as temporary:
        shutil.copyfile(source, temporary)
        return _verify(temporary, sha256, str(source), "fetch it anew")


# --- one download ----------------------------------------------------------------------------------------------------


def _part(path: Path) -> Path:
    """Where the download of ``path`` lies until it is verified."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{path.name}.part")


def _verify(path: Path, sha256: str | None, origin: str, cure: str) -> str:
    """The checksum of a file, which is deleted if it is not the one expected (None: any)."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if sha256 not in (None, found):
        path.unlink()
        raise InputError(f"{origin}: wrong checksum sha256 {found}, expected {sha256}; {cure}")
    return found


def _bring(url: str, sha256: str | None, output: Path, cure: str, cure_if_other: str) -> str:
    """Bring the file at a plain address to ``output``, and return its checksum."""
    part = _part(output)
    if sha256 is None:
        part.unlink(missing_ok=True)  # nothing would tell whether its beginning and a new end are of one file
    _download(url, part, url, cure, continued=sha256 is not None)
    found = _verify(part, sha256, url, cure_if_other)
    part.replace(output)
    return found


def _address(model: Model, name: str) -> tuple[str, dict[str, str]]:
    """The address of a model's file, and the headers that open it; a token is sent to the hub only."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    if model.repository:
        return hf_hub_url(model.repository, name, revision=model.revision), build_hf_headers()
    return f"{model.url}/{name}", {}


def _download(
    url: str,
    part: Path,
    origin: str,
    cure: str,
    headers: dict[str, str] | None = None,
    terms: str | None = None,
    continued: bool = True,
) -> None:
    """Ask ``url`` for all that ``part`` lacks.

    Args:
        origin: what messages call the file.
        cure: what to do where it cannot be reached.
        terms: the page whose terms open a file that is refused.
        continued: whether the next attempt will go on from ``part``.
    """
    from huggingface_hub import errors
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import disable_progress_bars

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of every retry
    if not sys.stderr.isatty():
        disable_progress_bars()
    with part.open("ab") as stream:
        try:
            http_get(url, stream, resume_size=stream.tell(), headers=headers)
            return
        except errors.RevisionNotFoundError:
            raise InputError(f"{origin}: no such revision; correct it in config/weights.yaml") from None
        except errors.RemoteEntryNotFoundError:
            raise InputError(f"{origin}: no such file; correct its name in config/weights.yaml") from None
        except Exception as error:  # the hub client's, or of the HTTP library that it happens to use
            failure = error
    status = failure.response.status_code if isinstance(failure, errors.HfHubHTTPError) else None
    if terms is not None and status in (401, 403):
        raise InputError(
            f"{origin}: access refused; accept the terms at {terms}, then run `hf auth login` or set HF_TOKEN"
        )
    if status == 416:  # there is nothing behind what has arrived: it is whole, or not of this file
        return
    why = " ".join(str(failure).split())[:200].rstrip(":. ") or type(failure).__name__
    again = f", or run again, which continues after the {part.stat().st_size} bytes that are here" if continued else ""
    raise InputError(f"{origin}: cannot be downloaded ({why}); {cure}{again}")
