"""The commands of README and docs are understood as they stand there, and plan what they say."""

import argparse
import re
import shlex
from importlib import import_module

import pytest
from PIL import Image
from snakemake.cli import parse_args
from snakemake.common import parse_key_value_arg

from tests.workflow.conftest import ROOT
from vid3d import cli

PAGES = ["README.md", *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md")))]


def commands(page: str) -> list[str]:
    """The commands of a page's blocks and of its sentences, on one line each and without shell variables."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:bash|sh|yaml)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += [" ".join(words.split()) for words in re.findall(r"`((?:snakemake|vid3d|make) [^`]*)`", prose)]
    given = dict(line.partition("#")[0].strip().split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
    told = [re.sub(r"\$([A-Z]+)", lambda name: given[name[1]], line) for line in lines]
    return [line for line in told if re.match(r"(snakemake|vid3d|make) ", line)]


DOCUMENTED = {(page, line): shlex.split(line, comments=True) for page in PAGES for line in commands(page)}


def of(program: str) -> list[tuple[str, str]]:
    """The page and the text of a program's commands."""
    return [key for key, words in DOCUMENTED.items() if words[0] == program]


def test_there_are_commands_to_test():
    """Else a change of the pages' form would leave nothing to hold."""
    assert len(of("snakemake")) > 25
    assert {page for page, _ in of("snakemake")} >= {"README.md", "docs/paper-scale.md", "docs/running-on-slurm.md"}


@pytest.fixture(scope="module")
def targets(_finished) -> set[str]:
    """All rules by their names."""
    return set(_finished.run("--list-rules").stdout.split())


@pytest.mark.parametrize("key", of("snakemake"), ids=" ".join)
def test_snakemake_understands_it(key, targets, monkeypatch):
    """No option swallows the target, which is a rule, and every setting is one."""
    monkeypatch.chdir(ROOT)  # whose profile it reads
    words = ["1" if word == "N" else word for word in DOCUMENTED[key][1:]]
    _, asked = parse_args(words)
    assert set(asked.targets) <= targets | {"long"}  # which docs/own-settings.md makes
    cores = words.index("--cores") + 1 if "--cores" in words else -1
    assert sorted(asked.targets) == [
        word for place, word in enumerate(words) if word in {*targets, "long"} and place != cores
    ]
    for setting in asked.config or ():
        name, _ = parse_key_value_arg(setting, errmsg=setting)
        assert name in (ROOT / "config/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", of("vid3d"), ids=" ".join)
def test_vid3d_understands_it(key, capsys):
    words = DOCUMENTED[key][1:]
    if words == ["--help"]:
        return
    module = import_module(f"vid3d.commands.{words[0].replace('-', '_')}")
    parser = cli.parser_of(words[0], module)
    if words[1:] or words[0] in ("doctor", "cost"):
        assert isinstance(parser.parse_args(words[1:]), argparse.Namespace)


@pytest.mark.parametrize("key", of("make"), ids=" ".join)
def test_make_has_it(key):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in DOCUMENTED[key][1:]:
        assert "=" in word or re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE), word


PLANNED = ["truth", "table2", "own --config image=photo.jpg", "--config report=relief images=fish,panda-dance frames=4"]


@pytest.mark.parametrize("rest", PLANNED)
def test_what_needs_no_gpu_plans_jobs(rest, fresh):
    """Those of the README; what needs one is planned by test_plans."""
    documented = [words for (page, _), words in DOCUMENTED.items() if page == "README.md"]
    assert ["snakemake", "--cores", "all", *rest.split()] in documented
    Image.new("RGB", (64, 64)).save(fresh.folder / "photo.jpg")
    (fresh.folder / "tiny.yaml").write_text("{}\n")
    assert sum(fresh.planned(*rest.split()).values()) > 5
