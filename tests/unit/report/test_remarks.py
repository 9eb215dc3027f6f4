import pandas as pd
import pytest
import synthetic_study as synthetic

from vid3d.report import remarks

TWO = ("self_reference", "source_reference")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run ``truth``, the true images, white, and the run's own renders in random order."""
    controls = {
        name: synthetic.STATIC | {"title": f"Control: {name}", "render": {"backend": backend, "size": 16}}
        for name, backend in (("true", "truth"), ("white", "blank"), ("mixed", "shuffled"))
    }
    root = tmp_path_factory.mktemp("study")
    return synthetic.build(root, {"truth": synthetic.RUN, **controls}, pictures=False)


def rows(*told):
    """A table of (kind, run, views, self reference, source reference)."""
    table = pd.DataFrame(told, columns=["kind", "run", "views", *TWO])
    return table.assign(method=table["run"].str.capitalize(), motion=120)


def held_out(few, most):
    """PSNR, SSIM, IoU, gradient energy and FLIP of run ``truth`` from 3 and from 18 views."""
    names = ["psnr_level", "ssim_level", "iou_level", "gradient_level", "flip_level"]
    table = pd.DataFrame([few, most], columns=names)
    return table.assign(run="truth", motion=120, views=[3, 18])


NONE = held_out([0] * 5, [0] * 5).iloc[:0]
TABLE_1 = rows(("published", None, 18, None, None), ("run", "truth", 18, 0.9, 0.45))


def test_nothing_is_remarked_where_nothing_surprises(study):
    table2 = rows(("run", "truth", 3, 0.8, 0.44), ("run", "truth", 18, 0.9, 0.45))
    modest = pd.concat([TABLE_1, rows(("control", "white", 18, 0.89, 0.2))])
    found = remarks.beside(study, {"table1": modest, "table2": table2, "held-out": NONE})
    assert found == {"table1": (), "table2": ()}


def test_controls_above_every_run_are_named_but_the_true_images(study):
    table1 = pd.concat(
        [TABLE_1, rows(("control", "white", 18, 1.0, 0.2), ("control", "true", 18, 0.95, 0.93))], ignore_index=True
    )
    (said,) = remarks.beside(study, {"table1": table1, "table2": TABLE_1, "held-out": NONE})["table1"]
    assert said.startswith("By self reference, “White” (1.0000) scores above every run of this report (at most 0.9000)")


def test_a_control_that_scores_the_same_is_named_with_the_run(study):
    table1 = pd.concat([TABLE_1, rows(("control", "mixed", 18, 0.8, 0.45001))], ignore_index=True)
    (said,) = remarks.beside(study, {"table1": table1, "table2": TABLE_1, "held-out": NONE})["table1"]
    assert said.startswith("By source reference, “Mixed” scores the same as “Truth” (0.4500): ")


NEARER = "Nearer to the truth, from cameras that were not trained on, are"


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (NONE, "Nothing in this report measures these renders against a truth."),
        (
            held_out([20, 0.8, 0.9, 0.6, 0.2], [21, 0.9, 0.95, 0.8, 0.1]),
            f"{NEARER} 18 views by PSNR (20.00, 21.00 dB), SSIM (0.8000, 0.9000), IoU (0.9000, 0.9500), gradient "
            "energy (0.60, 0.80) and FLIP (0.2000, 0.1000). The higher score is no higher quality here.",
        ),
        (
            held_out([20, 0.8, 0.9, 0.9, 0.2], [21, 0.8, 0.9, 1.2, 0.2]),
            f"{NEARER} 18 views by PSNR (20.00, 21.00 dB) and 3 views by gradient energy (0.90, 1.20).",
        ),
    ],
)
def test_fewer_views_that_score_above_more_stand_beside_the_truth(study, truth, said):
    table2 = rows(("run", "truth", 3, 0.8, 0.48), ("run", "truth", 9, 0.9, 0.4), ("run", "truth", 18, 0.9, 0.45))
    (found,) = remarks.beside(study, {"table1": TABLE_1, "table2": table2, "held-out": truth})["table2"]
    scores = "by source reference (0.4800, 0.4500), and below by self reference (0.8000, 0.9000)"
    assert found == f"3 views score above 18 {scores} (each of the fewer first). {said}"
