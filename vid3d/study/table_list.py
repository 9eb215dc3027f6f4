"""Which tables a report has: their names, for rules and commands.  How they are made and laid out: ``vid3d.tables``.

A name is that of a table's files below ``tables/`` and of its caption in ``reports/captions``; the order means nothing.
docs/adding-a-table.md adds one.
"""

NAMES = (
    *("table1", "table2", "table3"),  # the paper's
    "held-out",  # measures against the truth at cameras that were not trained on
    "protocols",  # what the definition of CLIP-I alone does
    "replicates",  # runs that share a row of the other tables, each by itself
    "claims",  # verdicts
    "margins",  # verdicts with other margins
    "resolution",  # which published differences a study of the paper's size can show
    "indicators",
    "attribution",  # similarity to the reference by stage
    "substitution",  # ground truth in place of a stage
)
OF_A_COLUMN = NAMES[:3]  # which are also written as LaTeX that a column of text holds


def label(name: str) -> str:
    """What a list of files calls the table: ``Table 1``, ``Held-out``."""
    return f"Table {name.removeprefix('table')}" if name.startswith("table") else name.capitalize()
