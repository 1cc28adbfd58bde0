"""Repairs JSON that was put together by hand: quotes inside texts, missing commas, an end that was cut off."""

from __future__ import annotations

import re

MAX_CHARS = 60_000
MAX_DEPTH = 200
_PIECE = re.compile(r'"|[{}\[\],:]|[^"{}\[\],:\s]+')
_AFTER_TEXT = re.compile(r"\s{0,40}(?:[,:}\]]|$)")
_NEXT_KEY = re.compile(r'\s{0,40}"[^"\n]{1,80}"\s{0,9}:')
_CLOSING = {"{": "}", "[": "]"}


def repair(text: str) -> str:
    """Return the text as the JSON that it most likely was meant to be. Raises ValueError where that is not to be told.

    A quote ends a text only before a comma, a colon, a bracket, the end, or the next key; the comma before a value that
    follows another is set; what is open at the end is closed, and a text that was cut off is null. Takes time in proportion to the text.
    """
    if len(text) > MAX_CHARS:
        raise ValueError("too long to be repaired")
    writer = _Writer()
    at = 0
    while not writer.is_whole and (match := _PIECE.search(text, at)) is not None:
        piece, at = match[0], match.end()
        if piece == '"':
            at, piece = _read_text(text, at)
        writer.add(piece)
    return writer.end()


class _Writer:
    """Writes pieces of JSON, and what is missing between them."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        self._after_value = False
        self.is_whole = False

    def add(self, piece: str) -> None:
        if piece in {",", ":"}:
            if piece == ",":
                self._drop_comma()
            self._after_value = False
        elif piece in {"}", "]"}:
            self._close(piece)
        else:
            if self._after_value:
                self._out.append(",")
            self._after_value = piece not in _CLOSING
            if not self._after_value:
                self._open.append(piece)
                if len(self._open) > MAX_DEPTH:
                    raise ValueError("too deep to be repaired")
        self._out.append(piece)

    def _close(self, piece: str) -> None:
        if not self._open or _CLOSING[self._open.pop()] != piece:
            raise ValueError("brackets do not match")
        self._drop_comma()
        self._after_value = True
        self.is_whole = not self._open

    def _drop_comma(self) -> None:
        if self._out and self._out[-1] == ",":
            self._out.pop()

    def end(self) -> str:
        """Return what was written, with what is open closed."""
        self._drop_comma()
        if self._out and self._out[-1] == ":":
            self._out.append("null")
        return "".join(self._out) + "".join(_CLOSING[bracket] for bracket in reversed(self._open))


def _read_text(text: str, start: int) -> tuple[int, str]:
    """Return where a text that begins at `start` ends, and the text in quotes, those inside it escaped."""
    at = start
    while (end := text.find('"', at)) >= 0:
        if _is_escaped(text, start, end) or not (
            _AFTER_TEXT.match(text, end + 1) or _NEXT_KEY.match(text, end + 1)
        ):
            at = end + 1
            continue
        return end + 1, _quoted(text[start:end])
    # Half a text is nobody's value.
    return len(text), "null"


def _is_escaped(text: str, start: int, end: int) -> bool:
    before = text[max(start, end - 20) : end]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _quoted(inner: str) -> str:
    bare = inner.removesuffix("\\") if _is_escaped(inner, 0, len(inner)) else inner
    return '"' + re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', bare) + '"'
