"""Markdown that others wrote: HTML in it is text, links lead to pages only, pictures come from this Hub only."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST = 100_000
"""Characters of a text that are shown."""
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def comment(text: str) -> Markup:
    """A comment or a description. What it names by a relative address cannot be known, so that is no link."""
    return _rendered(
        text, lambda address, _is_picture: address if _split(address).scheme or address.startswith(("/", "#")) else ""
    )


def document(text: str, repo: str, revision: str, path: str) -> Markup:
    """A Markdown file of a repo, without its front matter; links to its neighbours lead to them."""
    folder = posixpath.dirname(path)

    def neighbour(address: str, is_picture: bool) -> str:
        parts = _split(address)
        if parts.scheme or parts.netloc or not parts.path:
            return address
        there = posixpath.normpath(posixpath.join("/", folder, unquote(parts.path)))
        kind = "resolve" if is_picture else "blob"
        return f"/datasets/{quote(repo)}/{kind}/{quote(revision, safe='')}{quote(there)}"

    return _rendered(_FRONT.sub("", text), neighbour)


def _rendered(text: str, resolve: Callable[[str, bool], str]) -> Markup:
    tokens = [part for token in _parser.parse(text[:LONGEST]) for part in _framed(token)]
    depth = 2
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            # The page has headings of its own above, and none may be skipped.
            depth = min(int(token.tag[1]) + 2, depth + 1, 6)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{depth}"
        if token.type == "th_open" and not tokens[number + 1].content:
            token.tag = "td"
        if token.children:
            token.children = _checked(token.children, resolve)
    shown = _parser.renderer.render(tokens, _parser.options, {})
    # markdown-it escapes every text and attribute, and html is off: the tags in this are its own.
    return Markup(shown)  # noqa: S704


def _framed(token: Token) -> list[Token]:
    """A table in a box of its own, which scrolls by keyboard too where it is wider than the page."""
    if token.type == "table_open":
        return [_html('<div class="scroll" tabindex="0" role="group" aria-label="Table">\n'), token]
    return [token, _html("</div>\n")] if token.type == "table_close" else [token]


def _html(text: str) -> Token:
    return Token("html_block", "", 0, content=text)


def _checked(tokens: Sequence[Token], resolve: Callable[[str, bool], str]) -> list[Token]:
    for token in tokens:
        if token.type == "link_open":
            address = _here(resolve(str(token.attrGet("href") or ""), False))
            token.attrs = {"href": address, "rel": "nofollow noopener noreferrer"} if _leads(address) else {}
        elif token.type == "image":
            address = _here(resolve(str(token.attrGet("src") or ""), True))
            if address.startswith(("/datasets/", "/uploads/")):
                token.attrSet("src", address)
            else:
                token.type, token.tag, token.content = "text", "", f"[picture: {token.content or 'without a name'}]"
                token.children = None
    return list(tokens)


def _here(address: str) -> str:
    """An address on this machine as one of this Hub, which may have had another port when it was written."""
    parts = _split(address)
    ours = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    return urlunsplit(("", "", *parts[2:])) if ours and parts.path.startswith(("/datasets/", "/uploads/")) else address


def _leads(address: str) -> bool:
    scheme = _split(address).scheme
    return scheme in {"http", "https", "mailto"} or (not scheme and address.startswith(("/", "#")))


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
