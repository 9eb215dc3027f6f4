"""No job but the declared ones asks anything of a network."""

import ast
import os
import re
import subprocess
import sys

from tests.workflow.conftest import ROOT

FETCHING = {"fetch", "fetch-weights", "fetch-external"}  # the commands that download
CLIENTS = {"huggingface_hub", "urllib", "urllib3", "requests", "http", "httpx", "socket", "ftplib", "aiohttp"}


def test_a_study_asks_nothing_of_a_network(finished):
    assert not finished.heard.exists(), finished.heard.read_text()
    code = "import socket; socket.getaddrinfo('localhost', 1)"
    subprocess.run([sys.executable, "-c", code], env=os.environ | finished.witnessed, check=True)
    assert finished.heard.read_text().startswith("socket.getaddrinfo ['localhost', 1")


def test_rules_that_download_are_declared():
    """They run where Snakemake does, since a cluster's nodes often have no network; no other rule names an address."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    rules = re.split(r"^ *(?:use )?rule\b", text, flags=re.MULTILINE)[1:]
    downloading = [rule for rule in rules if set(re.findall(r"vid3d ([a-z-]+)", rule)) & FETCHING]
    assert len(downloading) == len(FETCHING)
    assert all("localrule: True" in rule for rule in downloading)
    assert not re.search(r"\b(curl|wget|storage\.|https?://)", re.sub(r"#.*", "", text))


def test_one_module_speaks_to_a_network():
    def imported(path):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            # urllib.parse writes addresses and asks nobody
            yield from (name.split(".")[0] for name in names if name != "urllib.parse")

    speaking = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "vid3d").rglob("*.py") if CLIENTS & set(imported(path))
    }
    # the doctor asks the hub's client where it keeps its token
    assert speaking == {"vid3d/weights/download.py", "vid3d/machine/doctor.py"}
