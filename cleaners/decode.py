"""Bytes to text, once, by the order that browsers follow."""

from __future__ import annotations

import codecs
import re

import cchardet

# Labels that pages use and Python does not know, with Python's codec.
_LABELS = {
    "cn-big5": "big5hkscs",
    "cseuckr": "cp949",
    "csiso88598i": "iso8859-8",
    "csunicode": "utf-16-le",
    "dos-874": "cp874",
    "gb_2312-80": "gb18030",
    "iso-10646-ucs-2": "utf-16-le",
    "iso-8859-8-i": "iso8859-8",
    "koi8-ru": "koi8-u",
    "logical": "iso8859-8",
    "ucs-2": "utf-16-le",
    "unicode": "utf-16-le",
    "unicode-1-1-utf-8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "unicodefeff": "utf-16-le",
    "unicodefffe": "utf-16-be",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "windows-949": "cp949",
    "x-big5": "big5hkscs",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gb18030",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "x-mac-ukrainian": "mac-cyrillic",
    "x-sjis": "cp932",
    "x-unicode20utf8": "utf-8",
    "x-user-defined": "cp1252",
    "x-x-big5": "big5hkscs",
} | {f"x-cp{number}": f"cp{number}" for number in range(1250, 1259)}

# The encodings of the WHATWG standard, by Python's names; those that the standard reads as a wider one
# (a page that says ISO 8859-1 means Windows-1252) stand with that one.
_CODECS = {name: name for name in ("utf-8", "cp866", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic")}
_CODECS |= {name: name for name in ("utf-16-le", "utf-16-be", "iso2022_jp", "cp932", "cp949", "gb18030")}
_CODECS |= {name: name for name in ("big5hkscs", "euc_jp", "cp874")}
_CODECS |= {f"cp{number}": f"cp{number}" for number in range(1250, 1259)}
_CODECS |= {f"iso8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
_CODECS |= {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254"}
_CODECS |= {"iso8859-11": "cp874", "tis-620": "cp874", "utf-16": "utf-16-le", "utf-8-sig": "utf-8"}
_CODECS |= {
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
}

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;,\"']+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_META = re.compile(rb"<meta[\s/]([^<>]{1,500})", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"(?<![^\s=/>\"'])([^\s=/>\"']++)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))")
_META_BYTES = 1024
_LATE_META_BYTES = 16_384
"""Parsers that meet a declaration after the first kilobyte start again with it."""
_DETECT_BYTES = 200_000
# A Chinese or Korean letter in its old two-byte encoding is valid UTF-8 by chance in about one of seven
# cases, four of them in one of two thousand.
_CHANCE_BYTES = 4
# A page of one encoding with scraps of another (a comment, a feed) still is of the first; a page of the
# wrong one breaks at nearly every letter beyond ASCII.
_SCRAPS = 0.1
_FEW = 1_000


def decode(body: bytes, content_type: str | None) -> str:
    """The text of a page, from its bytes and its Content-Type header (None: no header).

    In the order of the WHATWG standard: byte order mark, header, declaration in the page, detection.
    Against it, bytes that are UTF-8 are read as UTF-8 whatever the page declares, since nothing else
    comes out as valid UTF-8 by chance, and a declaration under which the bytes fall apart is not
    believed. Undecodable bytes become U+FFFD. Neither NUL nor a lone surrogate comes out.
    """
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return _clean(body[len(bom) :].decode(codec, "replace"))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _clean(_decode_legacy(body, content_type))
    beyond_ascii = len(body) - len(text)
    if beyond_ascii < _CHANCE_BYTES and (beyond_ascii or b"\x1b" in body or b"\0" in body[:_META_BYTES]):
        declared = _zero_pattern(body) or _declared(body, content_type)
        if declared and declared != "utf-8" and _is_multibyte(declared):
            try:
                return _clean(body.decode(declared))
            except UnicodeDecodeError:
                pass  # the declaration is wrong, and the bytes are UTF-8
    return _clean(text)


def _decode_legacy(body: bytes, content_type: str | None) -> str:
    """The text of bytes that are not, or not all, UTF-8."""
    as_utf8 = body.decode("utf-8", "replace")
    # Nine valid sequences or more for each broken one: no other encoding reads so by chance, whatever is declared.
    if _scraps(as_utf8) <= _SCRAPS and as_utf8.count("\ufffd") * _FEW <= len(as_utf8):
        return as_utf8
    declared = _zero_pattern(body) or _declared(body, content_type)
    if declared != "utf-8" and declared is not None:
        text = body.decode(declared, "replace")
        if _scraps(text) <= _SCRAPS:
            return text
    if _scraps(as_utf8) <= _SCRAPS:
        return as_utf8
    detected = _codec(cchardet.detect(body[:_DETECT_BYTES])["encoding"]) or "cp1252"
    candidates = [body.decode(codec, "replace") for codec in dict.fromkeys((detected, declared or "cp1252"))]
    return min(candidates, key=lambda text: text.count("\ufffd"))


def _scraps(text: str) -> float:
    """The share of a text's characters beyond ASCII that could not be decoded."""
    broken = text.count("\ufffd")
    return broken / (len(text) - len(text.encode("ascii", "ignore"))) if broken else 0.0


def _clean(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "")
    return text


def _zero_pattern(body: bytes) -> str | None:
    """UTF-16 without a byte order mark: markup has a zero in every other byte."""
    start = body[:_META_BYTES]
    if start[:2] in (b"<\0", b"\0<") or start.count(0) * 3 > len(start):
        return "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"
    return None


def _is_multibyte(codec: str) -> bool:
    return not codec.startswith(("cp12", "iso8859", "koi8", "mac", "cp866", "cp874"))


def _declared(body: bytes, content_type: str | None) -> str | None:
    """Python's codec for what the header, else the page declares; None: nothing, or nothing known."""
    match = _HEADER_CHARSET.search(content_type or "")
    if match and (codec := _codec(match[1])):
        return codec
    codec = _declared_in_page(body[:_META_BYTES]) or _declared_in_page(body[:_LATE_META_BYTES])
    # A declaration that could be read as ASCII is not in UTF-16.
    return "utf-8" if codec in ("utf-16-le", "utf-16-be") else codec


def _declared_in_page(head: bytes) -> str | None:
    if xml := _XML_ENCODING.match(head.lstrip()):
        return _codec(xml[1].decode("ascii", "replace"))
    for meta in _META.finditer(_without_comments(head)):
        attributes = {
            name.lower(): double or single or bare
            for name, double, single, bare in _ATTRIBUTE.findall(meta[1])
        }
        label = attributes.get(b"charset")
        if label is None and attributes.get(b"http-equiv", b"").strip().lower() == b"content-type":
            content = _HEADER_CHARSET.search(attributes.get(b"content", b"").decode("ascii", "replace"))
            label = content[1].encode("ascii", "replace") if content else None
        if label and (codec := _codec(label.decode("ascii", "replace"))):
            return codec
    return None


def _without_comments(head: bytes) -> bytes:
    start, comment, rest = head.partition(b"<!--")
    kept = [start]
    while comment:
        _, _, rest = rest.partition(b"-->")
        start, comment, rest = rest.partition(b"<!--")
        kept.append(start)
    return b" ".join(kept)


def _codec(label: str | None) -> str | None:
    """Python's name for an encoding label of the WHATWG standard; None: it knows no such label."""
    label = (label or "").strip().lower()
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
    except (LookupError, ValueError):  # ValueError: a NUL in the label
        return None
    return _CODECS.get(name)
