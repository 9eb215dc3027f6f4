from pathlib import Path

from vid3d.weights.download import bring_video


def run(*, url: str, sha256: str | None = None, folder: Path | None = None, output: Path) -> None:
    """Bring a video of another method, and verify it or say that there is nothing to verify it with.

    Args:
        url: where it is.
        sha256: what the file must be (default: not pinned, and said so).
        folder: where it lies already (default: download it).
        output: the file.
    """
    found = bring_video(url, sha256, folder, output)
    if found is not None:
        print(f"{output}: UNVERIFIED, no checksum is pinned; this download has sha256 {found}")
