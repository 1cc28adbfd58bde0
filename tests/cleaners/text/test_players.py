import pytest

from cleaners.layout import Piece
from cleaners.text.players import drop_player_times
from tests.cleaners.story import PARAGRAPHS, dropped, lay


@pytest.mark.parametrize(
    "text", ["0:00", "0:000:00", "00:00 / 04:32", "-12:07", "0:00 | 1:02:33 1x", "00:00 04:12 1.5×"]
)
def test_drops_player_times(text):
    assert dropped(drop_player_times, [Piece("paragraph", text)]) == {text: "players/times"}


@pytest.mark.parametrize(
    "text", ["At 9:00 the ship sails.", "3:1", "9:00 Uhr", "2026", "1x", "12:30 – 14:00 lunch"]
)
def test_keeps_times_that_say_something(text):
    assert dropped(drop_player_times, [Piece("paragraph", text)]) == {}


def test_keeps_clock_times_of_a_live_blog():
    entries = "".join(f"<p>{14 - n}:05</p><p>{text}</p>" for n, text in enumerate(PARAGRAPHS))
    assert dropped(drop_player_times, lay(entries)) == {}


@pytest.mark.parametrize(
    "markup",
    ["<p>Listen</p><p>3:45</p>", "<p>0:00</p><p>3:45</p>", "<div class='video-duration'>3:45</div>"],
)
def test_drops_lone_time_of_a_player(markup):
    assert "3:45" in dropped(drop_player_times, lay(markup))


def test_keeps_times_in_a_table():
    assert dropped(drop_player_times, [Piece("table", "9:00 | 10:30")]) == {}
