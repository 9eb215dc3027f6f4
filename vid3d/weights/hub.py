"""One file of the manifest's from the hub or a plain address, verified before it gets its name.

What has arrived lies beside the file as ``*.part`` and is continued by the next attempt.  (The hub client's own
``hf_hub_download`` deletes what it has when it fails, and trusts the size.)
"""

import logging
import sys
from pathlib import Path
from typing import Any

from vid3d.errors import InputError
from vid3d.weights.manifest import Model


def fetch(model: Model, name: str, path: Path) -> None:
    """Bring file ``name`` of ``model`` to ``path``; one that is there already and right stays.

    The hub's address (``HF_ENDPOINT``) and a token (``HF_TOKEN``, or of ``hf auth login``) are the hub client's.

    Raises:
        InputError: not reachable, no such revision or file, access refused, or another size or checksum than the
            manifest's; nothing stands under the final name then.
    """
    file, part = model.files[name], path.with_name(path.name + ".part")
    if file.problem(path) is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not part.is_file() or part.stat().st_size < file.size:
        _download(model, name, part)
    problem = file.problem(part)
    if problem is not None:
        part.unlink()
        raise InputError(
            f"{_origin(model, name)}: {problem}; the download was deleted, try again, and if that happens twice"
            " config/weights.yaml or its source is wrong"
        )
    part.replace(path)


def _origin(model: Model, name: str) -> str:
    return f"{model.url}/{name}" if model.url else f"{model.repository} at {model.revision}: {name}"


def _download(model: Model, name: str, part: Path) -> None:
    from huggingface_hub import errors, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers, disable_progress_bars

    url, headers = f"{model.url}/{name}", {}
    if model.repository:
        url = hf_hub_url(model.repository, name, revision=model.revision)
        headers = build_hf_headers()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of every retry
    if not sys.stderr.isatty():
        disable_progress_bars()
    origin = _origin(model, name)
    with part.open("ab") as stream:
        try:
            http_get(url, stream, resume_size=stream.tell(), headers=headers)
        except errors.GatedRepoError:
            raise _refused(model, origin) from None
        except errors.RevisionNotFoundError:
            raise InputError(f"{origin}: no such revision; correct it in config/weights.yaml") from None
        except errors.RemoteEntryNotFoundError:
            raise InputError(f"{origin}: no such file; correct its name in config/weights.yaml") from None
        except errors.HfHubHTTPError as error:
            if error.response.status_code in (401, 403):
                raise _refused(model, origin) from None
            raise _failed(origin, error, part) from None
        except Exception as error:  # of the HTTP library that the hub client happens to use
            raise _failed(origin, error, part) from None


def _refused(model: Model, origin: str) -> InputError:
    where = f"https://huggingface.co/{model.repository}" if model.repository else model.url
    return InputError(
        f"{origin}: access refused; accept the terms at {where}, then run `hf auth login` or set HF_TOKEN"
    )


def _failed(origin: str, error: Any, part: Path) -> InputError:
    why = " ".join(str(error).split())[:200].rstrip(":. ") or type(error).__name__
    return InputError(
        f"{origin}: cannot be downloaded ({why}); check the network and run again, it continues after the"
        f" {part.stat().st_size} bytes that are here"
    )
