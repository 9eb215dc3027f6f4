"""The tables of a report, each from data frames of its runs' files; ``vid3d.tables`` reads and writes them."""
