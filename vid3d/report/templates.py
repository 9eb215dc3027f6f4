"""The templates of ``reports/``."""

from pathlib import Path

import jinja2

from vid3d.errors import InputError


def template(name: str, root: Path) -> jinja2.Template:
    """A template by its name; in HTML texts are escaped, and a word that is not given is an error.

    Args:
        root: the folder that holds ``reports/``.

    Raises:
        InputError: it is missing.
    """
    loader = jinja2.FileSystemLoader(root / "reports")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=lambda name: name is None or not name.endswith(".md"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        return environment.get_template(name)
    except jinja2.TemplateNotFound:
        raise InputError(f"{root / 'reports' / name}: missing; restore it from the repository") from None
