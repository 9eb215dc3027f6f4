"""The markup of a page as a tree, to leave out parts of it: what stays is written as it was read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


@dataclass
class Element:
    """An element.

    Attributes:
        tag: its name.
        attributes: unescaped; None of one without a value.
        opening: as it was read; a new text replaces it.
        parts: elements, and texts as they were read.
    """

    tag: str
    attributes: dict[str, str | None]
    opening: str
    parts: "list[Element | str]" = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return (self.attributes.get("class") or "").split()

    @property
    def elements(self) -> "Iterator[Element]":
        """All elements below it, parents before what is in them."""
        for part in self.parts:
            if isinstance(part, Element):
                yield part
                yield from part.elements

    def __str__(self) -> str:
        closing = f"</{self.tag}>" if self.tag and self.tag not in _EMPTY else ""
        return f"{self.opening}{''.join(map(str, self.parts))}{closing}"


def parsed(text: str) -> Element:
    """The whole page: an element without a tag.  Every element but those of ``_EMPTY`` is closed, as ours are.

    Raises:
        ValueError: one that is not.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if len(reader.open) != 1:
        raise ValueError(f"<{reader.open[-1].tag}> is not closed")
    return reader.open[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open = [Element("", {}, "")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.get_starttag_text() or "")
        self.open[-1].parts.append(element)
        if tag not in _EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise ValueError(f"</{tag}> closes no <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.open[-1].parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.open[-1].parts.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.open[-1].parts.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.open[-1].parts.append(f"<!{decl}>")
