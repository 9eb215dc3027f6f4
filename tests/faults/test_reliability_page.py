"""docs/reliability.md says what was noted, and nothing of it was lost or crashed."""

from tests.faults import page
from tests.faults.record import DISTURBANCES


def test_the_page_is_that_of_its_numbers():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(page.load(page.FAULTS), page.load(page.FUZZ))


def test_nothing_was_lost_and_nothing_crashed():
    rows = [row for rows in page.load(page.FAULTS)["rows"].values() for row in rows]
    assert [row["fault"] for row in rows if row["survived"] != row["tried"] or row["lost"]] == []
    kinds = page.load(page.FUZZ)["kinds"]
    assert {kind: line["failed"] for kind, line in kinds.items() if line["failed"]} == {}
    assert all(line["inputs"] == line["read"] + line["refused"] > 0 for line in kinds.values())
    assert page.load(page.FAULTS)["rows"].keys() <= DISTURBANCES.keys()
