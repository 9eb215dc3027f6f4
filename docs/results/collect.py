"""A finished report's tables and figures into one page for the repository: `python docs/results/collect.py mini`.

Run in the repository's root, on a clean checkout of the commit that made the report; what Snakemake was told beside the
report's name (``--config ...``) follows the name, so that the page says it.  Writes docs/results/REPORT.md and
docs/results/REPORT/ with the tables (CSV), the figures (SVG for a paper, WebP for the page) and stamp.json (command,
commit, date).  Then `vid3d reduce-page --report mini --output docs/results/mini/page` may put a small copy of the page
beside them, and in_pages.py and summary.py write the numbers into pages.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vid3d import figures
from vid3d.files import save_json, save_text
from vid3d.report.timings import stage_times
from vid3d.study import layout, parsing

ROOT, RESULTS = Path(), Path("docs/results")
TABLES = {
    "held-out": "Against the truth, at cameras that were not trained on",
    "table1": "Table 1",
    "table2": "Table 2: number of views",
    "table3": "Table 3: motion score",
    "claims": "The paper's claims",
    "margins": "What the verdicts owe to their margins",
    "resolution": "What a study of the paper's size can tell apart",
    "protocols": "What the definition of CLIP-I alone does",
    "replicates": "Every replicate by itself",
    "indicators": "Beyond CLIP-I",
    "attribution": "Where quality is lost: likeness to the reference",
    "substitution": "Where quality is lost: ground truth in place of stages",
}


def stamp(name: str, told: Sequence[str]) -> dict[str, Any]:
    """By which command and commit a report was made, and when it is collected.

    Args:
        told: what Snakemake was told beside the report's name.
    """
    asked = ("git", "rev-parse", "HEAD"), ("git", "status", "--porcelain", "--untracked-files=no")
    commit, changed = (subprocess.run(words, capture_output=True, text=True, check=True).stdout for words in asked)
    return {
        "command": shlex.join(["snakemake", "--cores", "all", name, *told]),
        "commit": commit.strip(),
        "clean": not changed,
        "collected": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def table(report: Path, name: str, folder: Path) -> list[str]:
    """A table's heading, Markdown and link; nothing where it has no rows."""
    source = report / f"tables/{name}.csv"
    if len(source.read_text().splitlines()) < 2:
        return []
    shutil.copy(source, folder / source.name)
    link = f"[CSV]({folder.name}/{source.name})"
    return [f"## {TABLES[name]}", "", source.with_suffix(".md").read_text().strip(), "", link, ""]


def figure(entry: figures.Entry, report: Path, folder: Path) -> list[str]:
    """A figure with caption, or the reason why there is none."""
    title = f"Figure {entry.number}. {entry.title}" if entry.number else entry.title
    if entry.absent:
        return [f"**{title}**: left out. {entry.absent}", ""]
    for kind in ("svg", "webp"):
        shutil.copy(report / entry.files[kind], folder)
    shown, drawn = (Path(entry.files[kind]).name for kind in ("webp", "svg"))
    caption = f"**{title}.** {entry.caption} [SVG]({folder.name}/{drawn})"
    return [f"![{entry.alt}]({folder.name}/{shown})", "", caption, ""]


def main(name: str, *told: str) -> None:
    """Write the page of a report that `snakemake` made when ``told`` this beside its name."""
    study = parsing.load_study(["config/study.yaml"], {}, ROOT)
    report, folder = ROOT / layout.REPORT.format(report=name), RESULTS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spent = stage_times(sorted(Path("benchmarks").glob("**/*.tsv")))
    warnings = sorted({study.runs[run].stamp for run in study.reports[name].runs} - {""})
    made = stamp(name, told)
    changed = "" if made["clean"] else " with uncommitted changes"
    save_json(folder / "stamp.json", made)
    lines = [f"# {study.reports[name].title}", "", *[f"**{text[0].upper()}{text[1:]}.**" for text in warnings], ""]
    lines += [
        f"Made by `{made['command']}` at commit `{made['commit'][:12]}`{changed},",
        f"collected on {made['collected']} by `docs/results/collect.py`. The report,",
        f"`results/reports/{name}/index.html`, has the same numbers with all settings, checksums and 3D videos",
        "that one can turn.",
        "",
        *[line for table_name in TABLES for line in table(report, table_name, folder)],
        "## Figures",
        "",
        *[line for entry in figures.listing(name, ROOT) for line in figure(entry, report, folder)],
    ]
    if len(spent):
        lines += ["## Time", "", "| stage | jobs | seconds in all | seconds a job | MiB |", "|---|---:|---:|---:|---:|"]
        lines += [
            f"| {r.stage} | {r.jobs} | {r.total:.0f} | {r.mean:.1f} | {r.memory:.0f} |" for r in spent.itertuples()
        ]
    save_text(RESULTS / f"{name}.md", "\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
