from __future__ import annotations

import pytest

from cleaners.models import Listed
from tests.cleaners.metadata_pages import json_ld, meta, read

HEADLINE = "<h1>Harbour reopens after the longest winter</h1>"


@pytest.mark.parametrize(
    ("stated", "published", "precision", "zone"),
    [
        ("2025-05-03T15:47:42+02:00", "2025-05-03T15:47:42+02:00", "second", "stated"),
        ("2025-05-03T15:47:42.389Z", "2025-05-03T15:47:42+00:00", "second", "stated"),
        ("2025-05-03 15:47", "2025-05-03T15:47:00+00:00", "minute", "assumed"),
        ("2025-05-03", "2025-05-03T00:00:00+00:00", "day", "assumed"),
        ("2025-05-03T00:00:00", "2025-05-03T00:00:00+00:00", "day", "assumed"),
        ("Sat, 03 May 2025 15:47:00 GMT", "2025-05-03T15:47:00+00:00", "second", "stated"),
        ("20250503T154742Z", "2025-05-03T15:47:42+00:00", "second", "stated"),
        ("1746287262", "2025-05-03T15:47:42+00:00", "second", "stated"),
        ("May 3, 2025 3:47 pm EDT", "2025-05-03T15:47:00-04:00", "minute", "stated"),
    ],
)
def test_reads_every_way_to_state_a_time(stated: str, published: str, precision: str, zone: str) -> None:
    read_back = read(meta("article:published_time", stated))
    assert (read_back.published_at, read_back.published_precision, read_back.published_zone) == (
        published,
        precision,
        zone,
    )


@pytest.mark.parametrize(
    "stated",
    [
        "0000-00-00",
        "31.02.2025",
        "2025-02-31",
        "2025-13-01",
        "9999-12-31",
        "1970-01-01",
        "0001-01-01T00:00:00Z",
        "1403-02-14",
        "2568-05-03",
        "Yesterday 14:30",
        "soon",
        "2025",
        "99/99/9999",
    ],
)
def test_no_date_is_made_of_junk(stated: str) -> None:
    assert read(meta("article:published_time", stated)).published_at is None


def test_a_date_of_the_future_is_not_believed() -> None:
    assert read(meta("article:published_time", "2025-06-02T12:00:00Z")).published_at is None


def test_a_local_time_ahead_of_utc_keeps_its_day() -> None:
    read_back = read(meta("article:published_time", "2025-06-01T20:00:00"))
    assert (read_back.published_at, read_back.published_precision) == ("2025-06-01T00:00:00+00:00", "day")


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("en", "Published May 3, 2025"),
        ("en", "3rd May 2025"),
        ("de", "3. Mai 2025"),
        ("fr", "Publié le 3 mai 2025"),
        ("es", "3 de mayo de 2025"),
        ("it", "3 maggio 2025"),
        ("pl", "3 maja 2025"),
        ("ru", "3 мая 2025"),
        ("tr", "3 Mayıs 2025"),
        ("el", "3 Μαΐου 2025"),
        ("ja", "2025年5月3日"),
        ("ko", "2025년 5월 3일"),
        ("de", "03.05.2025"),
        ("en-GB", "03/05/2025"),
        ("en-US", "05/03/2025"),
        ("de", "03.05.25"),
        ("ar", "٣ مايو ٢٠٢٥"),
        ("th", "3 พฤษภาคม 2568"),
    ],
)
def test_reads_the_day_beside_the_headline_in_the_pages_language(lang: str, line: str) -> None:
    assert read(body=f"{HEADLINE}<p>{line}</p>", lang=lang).published_at == "2025-05-03T00:00:00+00:00"


def test_takes_the_clock_time_beside_the_day() -> None:
    read_back = read(body=f"{HEADLINE}<p>03.05.2025, 15:47 Uhr</p>", lang="de")
    assert (read_back.published_at, read_back.published_precision) == ("2025-05-03T15:47:00+00:00", "minute")


def test_adds_the_time_that_the_page_shows_to_the_day_that_it_states() -> None:
    read_back = read(json_ld(datePublished="2025-05-03"), f"{HEADLINE}<p>May 3, 2025 at 3:47 PM</p>")
    assert read_back.published_at == "2025-05-03T15:47:00+00:00"


def test_an_update_is_not_the_publication() -> None:
    read_back = read(
        json_ld(datePublished="2025-05-03T10:00:00Z"), f"{HEADLINE}<p>Last updated: May 9, 2025</p>"
    )
    assert read_back.published_at == "2025-05-03T10:00:00+00:00"


def test_keeps_when_the_page_was_changed() -> None:
    read_back = read(json_ld(datePublished="2025-05-03T10:00:00Z", dateModified="2025-05-04T09:00:00+02:00"))
    assert read_back.modified_at == "2025-05-04T09:00:00+02:00"


def test_a_change_before_the_publication_is_dropped() -> None:
    assert read(json_ld(datePublished="2025-05-03T10:00:00Z", dateModified="2024-05-03")).modified_at is None


def test_reads_the_day_in_the_address_last() -> None:
    read_back = read(url="https://news.example/2025/05/03/harbour")
    assert (read_back.published_at, read_back.sources["published_at"]) == ("2025-05-03T00:00:00+00:00", "url")


@pytest.mark.parametrize("path", ["/2025/13/45/x", "/story-20250503123", "/12345/05/03/x", "/v/2025/5"])
def test_numbers_in_an_address_are_no_dates(path: str) -> None:
    assert read(url=f"https://news.example{path}").published_at is None


def test_the_listing_dates_what_the_page_does_not() -> None:
    read_back = read(listed=Listed(url="https://news.example/a", published_at="2025-05-03T10:00:00Z"))
    assert (read_back.published_at, read_back.sources["published_at"]) == (
        "2025-05-03T10:00:00+00:00",
        "listing",
    )


def test_keeps_dates_that_disagree() -> None:
    read_back = read(
        json_ld(datePublished="2025-05-03T10:00:00Z") + meta("article:published_time", "2025-04-01T10:00:00Z")
    )
    assert read_back.disagreements["published_at"] == {"meta": "2025-04-01T10:00:00+00:00"}


def test_dates_of_comments_and_teasers_do_not_count() -> None:
    body = '<h1>Harbour reopens</h1><div class="comments"><time datetime="2025-05-03">x</time></div><aside><time datetime="2025-05-02">x</time></aside>'
    assert read(body=body).published_at is None


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (
            '<p class="date">03/10/2024</p><p><time datetime="2024-10-03T09:00Z"></time></p>',
            "https://news.example/a",
        ),
        ('<p class="date">03/10/2024</p>', "https://news.example/2024/october/03/a"),
    ],
)
def test_a_machine_readable_day_says_which_number_is_the_month(line: str, address: str) -> None:
    published = read("", f"{HEADLINE}{line}<p>Text.</p>", url=address, lang="en-US").published_at
    assert published is not None
    assert published.startswith("2024-10-03")


@pytest.mark.parametrize(
    "line",
    [
        "<div>Posted on May 3, 2025 by the harbour office</div>",
        "<div><h4>Published</h4><span>3 May 2025</span></div>",
        "<p>Last updated: May 3, 2025</p>",
        "<p>This article was originally published on Saturday, 3 May 2025 at noon</p>",
    ],
)
def test_a_label_gives_a_date_away_wherever_it_stands(line: str) -> None:
    text = f"<p>{'The harbour opened again this morning. ' * 60}</p>" * 2
    read_back = read("", f"{HEADLINE}{text}{line}")
    assert (read_back.published_at or "").startswith("2025-05-03")


def test_a_sentence_about_a_date_is_no_label() -> None:
    text = f"<p>{'The harbour opened again this morning. ' * 60}</p>" * 2
    line = "<p>Published research that the town paid for shows what has changed since May 3, 2025.</p>"
    assert read("", f"{HEADLINE}{text}{line}").published_at is None
