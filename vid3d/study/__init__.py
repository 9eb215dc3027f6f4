"""The study as data: its settings, where its files live, which figures a report can have, families of runs."""
