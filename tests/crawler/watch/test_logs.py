"""One event a line, whatever is in it."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from crawler.watch.logs import get_log, set_up


@pytest.fixture
def written():
    """A stream that is logged to; all is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_each_event_is_one_line_of_json_with_its_particulars(written):
    set_up(stream=written)
    get_log("crawler.test").info("site returned", site="a", pages=3, verdict=None)
    extra = {"site": "b", "color_message": "of a library"}
    logging.getLogger("pipelines.pool").warning("worker %d died", 2, extra=extra)
    first, second = map(json.loads, written.getvalue().splitlines())
    assert first["event"] == "site returned"
    assert (first["site"], first["pages"], first["verdict"], first["level"]) == ("a", 3, None, "info")
    assert first["timestamp"].endswith("Z")
    assert second["site"] == "b"
    assert "color_message" not in second
    assert (second["event"], second["logger"], second["level"]) == (
        "worker 2 died",
        "pipelines.pool",
        "warning",
    )


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "hostile",
    ["a\nlevel=critical forged", "a\r\n{}", "\x1b[2J\x07", "a\u2028b\u2029c\x85d", "\u202egnp.exe", "\ud800"],
)
def test_what_strangers_write_ends_no_line_and_steers_no_terminal(written, form, hostile):
    set_up(form, stream=written)
    get_log("x").warning(f"title {hostile}", url=hostile, key=[hostile, {"inner": hostile}])
    logging.getLogger("x").warning("title %s", hostile)
    text = written.getvalue()
    assert len(text.splitlines()) == 2
    assert not any(sign in text.replace("\n", "") for sign in "\r\x1b\x07\x85\u2028\u2029\u202e\ud800")


def test_no_secret_is_written(written):
    set_up("json", stream=written)
    get_log("x").info(
        "redis://me:pass-one@host:6379/0 is asked with token=pass-two",
        authorization="Bearer pass-three",
        settings={"smtp_password": "pass-four", "url": "https://u:pass-five@a.example/?api_key=pass-six&x=1"},
    )
    logging.getLogger("x").error("Authorization: Bearer pass-seven")
    text = written.getvalue()
    assert "pass-" not in text
    assert "host:6379/0" in text
    assert "&x=1" in text


def test_a_traceback_is_one_field_of_its_line(written):
    set_up("json", stream=written)
    try:
        int("bad\nnews")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    (line,) = written.getvalue().splitlines()
    said = json.loads(line)
    assert "ValueError: invalid literal" in said["exception"]
    assert "Traceback" in said["exception"]


def test_people_at_a_terminal_read_text(written):
    set_up(stream=(terminal := Terminal()))
    get_log("x").info("site returned", site="a")
    line = terminal.getvalue()
    assert line.endswith("info    site returned site=a\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)


def test_a_value_of_any_length_makes_a_line_of_bounded_length(written):
    set_up("json", stream=written)
    get_log("x").info("x" * 10**6)
    assert len(written.getvalue()) < 10_000
