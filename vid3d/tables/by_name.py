"""All tables by their names (``table_list.NAMES``); a module that makes tables lists its own as ``TABLES``."""

from vid3d.tables import attribution, clip_i, definitions, margins, of_claims, of_indicators, quality, resolution
from vid3d.tables.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for module in (attribution, clip_i, definitions, margins, of_claims, of_indicators, quality, resolution)
    for table in module.TABLES
}
