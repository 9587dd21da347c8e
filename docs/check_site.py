"""Looks at the built site: every example is highlighted code, and no mark of Markdown is left in the text.

python docs/check_site.py
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

__all__ = ["faults", "faults_of"]

_SITE = Path(__file__).parents[1] / "site"
_LEFT = {
    "```": "a fence that did not become a block of code",
    ">>>": "an example that did not become a block of code",
    ":::": "a directive that did not become documentation",
}


class _Text(HTMLParser):
    """Gathers the text of a page that is no code, and the code without any highlighting."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.plain_examples = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("pre", "code", "script", "style"):
            self.open.append(tag)
        elif tag == "span" and ("class", "gp") in attrs:
            self.open.append("prompt")
        elif tag == "span":
            self.open.append("span")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("pre", "code", "script", "style", "span") and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"pre", "code", "script", "style"} & set(self.open):
            self.text.append(data)
        elif "pre" in self.open and "prompt" not in self.open and re.search("^>>> ", data, re.MULTILINE):
            self.plain_examples += 1


def faults_of(page: str) -> list[str]:
    """What is wrong with a page of HTML."""
    parser = _Text()
    parser.feed(page)
    text = "".join(parser.text)
    found = [meaning for mark, meaning in _LEFT.items() if mark in text]
    return found + (["an example that is not highlighted"] if parser.plain_examples else [])


def faults(site: Path) -> list[str]:
    """What is wrong with a site, page by page."""
    pages = sorted(site.rglob("index.html"))
    found = [f"{page}: {fault}" for page in pages for fault in faults_of(page.read_text(encoding="utf-8"))]
    return found if pages else [f"{site}: there is no page"]


if __name__ == "__main__":
    for fault in faults(_SITE):
        print(fault, file=sys.stderr)
    sys.exit(1 if faults(_SITE) else 0)
