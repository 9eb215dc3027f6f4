"""The method on a page does what the workflow does."""

import importlib.util

import pandas as pd
import pytest

from tests.workflow.conftest import ROOT, TINY
from vid3d.files import load_splats


def test_the_page_gives_the_workflows_scores_digit_for_digit(finished, tmp_path, monkeypatch, capsys):
    (finished.folder / "config/study.yaml").write_text(TINY)
    monkeypatch.chdir(finished.folder)
    described = importlib.util.spec_from_file_location("example", ROOT / "example.py")
    page = importlib.util.module_from_spec(described)
    described.loader.exec_module(page)
    monkeypatch.setattr(page, "FRAMES", 2)  # as many as the tiny study has
    found = page.example("tiny", tmp_path)

    folder = finished.folder / "results/tiny/frog-green/motion-120/views-18"
    scores = pd.read_csv(folder / "scores.csv")
    by_camera = (1 + scores.groupby("camera")["self_reference"].sum()) / 3  # two frames, and the reference once more
    assert found == pytest.approx((scores["source_reference"].mean(), by_camera.mean()), abs=1e-9)
    assert (
        f"{found[0]:.4f} against the source image, {found[1]:.4f} against the first render" in capsys.readouterr().out
    )
    for frame in range(2):
        ours, theirs = load_splats(tmp_path / f"vid3d-{frame}.ply"), load_splats(folder / f"splats/frame-0{frame}.ply")
        assert (ours.positions == theirs.positions).all()
        assert (ours.colours == theirs.colours).all()
    assert (tmp_path / "vid3d.png").is_file()


def test_the_page_is_a_page():
    assert len((ROOT / "example.py").read_text().splitlines()) <= 70
