"""What ``snakemake --report`` shows: tables and figures with captions, categories and labels."""

import re
import zipfile
from pathlib import Path

import pytest
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from vid3d.study import figure_list, layout

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def flagged():
    """(path pattern, what is said of it) of every output that Snakemake's report shows."""
    with SnakemakeApi(OutputSettings()) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(),
            snakefile=ROOT / "Snakefile",
            workdir=ROOT,
        )
        workflow.dag()
        outputs = [output for rule in workflow._workflow.rules for output in rule.output]
    return [(str(output), output.flags["report"]) for output in outputs if "report" in output.flags]


def test_every_table_and_every_figure_is_there(flagged):
    tables = {said.labels["table"] for path, said in flagged if said.category == "Tables"}
    figures = {said.labels["figure"] for path, said in flagged if said.category == "Figures"}
    assert {"Table 1", "Table 2", "Table 3", "Claims", "Indicators", "Attribution"} <= tables
    assert figures == {figure_list.label(name) for name in figure_list.NAMES}
    assert {"Figure 01: method", "Figure 10: failures"} <= figures
    assert all(path.endswith((".html", ".csv") if said.category == "Tables" else ".svg") for path, said in flagged)
    assert {said.subcategory for _, said in flagged} >= {"quick", "mini", "full"}


def test_every_table_is_shown_as_a_page_and_its_csv_by_a_switch(flagged):
    """Snakemake's report has one for a label of two values that half of the entries have each."""
    patterns = ((re.sub(r"{(\w+),[^}]*}", r"{\1}", path), said) for path, said in flagged)  # without constraints
    formats = {path: said.labels["format"] for path, said in patterns if said.category == "Tables"}
    pages = {path for path, shown in formats.items() if shown == "HTML"}
    assert pages == set(layout.table_pages("{report}"))
    assert formats.keys() - pages == set(layout.tables("{report}"))
    assert min(formats.values()) == "HTML"  # the one that is shown first


def test_each_has_a_caption_that_is_there(flagged):
    captions = {Path(said.caption.get_path_or_uri(secret_free=True)).resolve() for _, said in flagged}
    assert {path.parent for path in captions} == {ROOT / "reports/captions"}
    assert all(len(path.read_text().split()) > 1 for path in captions)
    assert captions == set((ROOT / "reports/captions").glob("*.rst")), "captions of nothing"


def test_the_archive_holds_the_tables_and_figures_of_a_finished_study(finished):
    done = finished.run("--report", "report.zip")
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(finished.folder / "report.zip") as archive:
        names = archive.namelist()
        page = archive.read(next(name for name in names if name.endswith("/report.html"))).decode()
    shown = {Path(name).name for name in names} & {
        path.name for path in finished.folder.glob("results/reports/tiny/*/*")
    }
    assert {"table1.csv", "table2.csv", "claims.csv", "table1.html", "figure1.svg", "trends.svg"} <= shown
    assert "Ranges are 95 % intervals over images" in page  # the caption of Table 1
    assert "every frame fitted by itself" in page  # the introduction
