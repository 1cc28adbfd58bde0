import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.decode import decode

GERMAN = "<html><body><p>Käse, Öl und süße Äpfel für die größte Straße.</p></body></html>"
RUSSIAN = "<html><body><p>Городской совет отложил решение о новом мосте до осени.</p></body></html>"
JAPANESE = "<html><body><p>市議会は新しい橋についての決定を秋まで延期した。</p></body></html>"
CHINESE = "<html><body><p>市议会把新桥的决定推迟到秋天。</p></body></html>"
KOREAN = "<html><body><p>시의회는 새 다리에 대한 결정을 가을로 미뤘다.</p></body></html>"


def meta(label):
    return f'<meta http-equiv="Content-Type" content="text/html; charset={label}">'


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "cp1252", "iso-8859-1"),
        (GERMAN, "iso8859-15", "ISO-8859-15"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (JAPANESE, "shift_jis", "Shift_JIS"),
        (JAPANESE, "euc_jp", "x-euc-jp"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (CHINESE, "gbk", "gb2312"),
        (KOREAN, "euc_kr", "ks_c_5601-1987"),
    ],
)
def test_reads_what_header_or_page_declares(text, codec, label):
    assert decode(text.encode(codec), f"text/html; charset={label}") == text
    assert decode((meta(label) + text).encode(codec), None) == meta(label) + text
    assert decode((f"<meta charset='{label}'>" + text).encode(codec), "text/html").endswith(text)


def test_reads_windows_quotes_under_the_latin_1_label():
    body = "<p>“Quoted” – and so on</p>".encode("cp1252")
    assert decode(body, "text/html; charset=ISO-8859-1") == "<p>“Quoted” – and so on</p>"


def test_prefers_the_byte_order_mark_to_every_declaration():
    body = codecs.BOM_UTF8 + (meta("windows-1251") + GERMAN).encode()
    assert decode(body, "text/html; charset=koi8-r").endswith(GERMAN)
    assert decode(codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), "text/html; charset=utf-8") == GERMAN


def test_reads_utf_16_without_a_byte_order_mark():
    assert decode(GERMAN.encode("utf-16-be"), "text/html; charset=utf-16") == GERMAN
    assert decode(GERMAN.encode("utf-16-le"), None) == GERMAN


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1251", "gb2312", "shift_jis", "no-such-label"])
def test_believes_valid_utf_8_rather_than_a_wrong_declaration(label):
    assert decode(GERMAN.encode(), f"text/html; charset={label}") == GERMAN


def test_believes_a_chinese_declaration_where_a_letter_is_utf_8_by_chance():
    body = "<p>模</p>".encode("gbk")
    assert body.decode("utf-8") == "<p>ģ</p>"
    assert decode(body, "text/html; charset=gbk") == "<p>模</p>"


@pytest.mark.parametrize(
    ("text", "codec"), [(RUSSIAN, "cp1251"), (JAPANESE, "shift_jis"), (KOREAN, "euc_kr")]
)
def test_detects_the_encoding_where_utf_8_is_declared_and_wrong(text, codec):
    assert decode((text * 5).encode(codec), "text/html; charset=utf-8") == text * 5
    assert decode((text * 5).encode(codec), None) == text * 5


def test_keeps_utf_8_with_scraps_of_another_encoding():
    body = (GERMAN * 5).encode() + b"<!-- \xe4 -->"
    assert decode(body, None) == GERMAN * 5 + "<!-- \ufffd -->"


def test_ignores_declarations_in_comments_and_other_attributes():
    head = '<!-- <meta charset="koi8-r"> --><meta name="description" content="charset=koi8-r">'
    body = (head + meta("windows-1251") + RUSSIAN).encode("cp1251")
    assert decode(body, None).endswith(RUSSIAN)


def test_finds_a_declaration_after_the_first_kilobyte():
    body = ("<script>" + "x" * 3000 + "</script>" + meta("koi8-u") + "<p>Київ</p>").encode("koi8-u")
    assert decode(body, None).endswith("<p>Київ</p>")


def test_never_lets_nul_out():
    assert decode(b"<p>a\0b</p>", "text/html; charset=utf-8") == "<p>ab</p>"


@given(
    st.binary(max_size=300),
    st.sampled_from(["utf-8", "utf-16", "gbk", "big5", "iso-2022-jp", "utf-7", "\0", ""]),
)
def test_decodes_any_bytes_to_text_that_can_be_written(body, label):
    text = decode(body, f"text/html; charset={label}")
    assert "\0" not in text
    text.encode("utf-8")  # a lone surrogate would fail here


def test_time_grows_no_faster_than_the_page():
    for hostile in (b"<meta " * 200_000, b"<!--" * 200_000, b"<?xml " * 200_000, b"\xff" * 500_000):
        assert decode(hostile, None)


@pytest.mark.parametrize("declared", ["windows-1252", "iso-8859-9", "windows-1251", "shift_jis"])
def test_reads_utf8_with_a_few_bad_bytes_as_utf8_whatever_is_declared(declared):
    page = (meta(declared) + "<p>" + RUSSIAN * 20 + "</p>" + "<!-- a comment -->" * 200).encode()
    broken = page.replace(b"<!-- a", b"<!-- \xe9\xff a", 1)
    text = decode(broken, f"text/html; charset={declared}")
    assert text.count(RUSSIAN) == 20
    assert text.count("\ufffd") == 2
