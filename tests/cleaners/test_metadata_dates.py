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


MONTH = "<p>The war began on 24 February 2022.</p>"
STATED = meta("article:published_time", "2024-05-03T10:00:00Z")
BY_DAY = json_ld(datePublished="2024-05-03")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (STATED + json_ld(datePublished="2024-05-03T10:00:00Z") , f"{HEADLINE}{MONTH}"),
        (STATED, f"{HEADLINE}<p class='dek'>What we know about the storm of 12 January 2023</p>"),
        (STATED, "<h1>What happened on 11 September 2001</h1>"),
        (STATED, f"{HEADLINE}<p>The concert takes place on 12 June 2024 at 8:30 pm in the hall.</p>"),
        (BY_DAY, f"{HEADLINE}{MONTH}"),
        (STATED, f'{HEADLINE}<p><time class="updated" datetime="2024-11-12">November 12, 2024</time></p>'),
        (
            STATED + meta("article:modified_time", "2024-11-12T10:00:00Z"),
            f'{HEADLINE}<p class="meta">November 12, 2024</p>',
        ),
        (
            STATED.replace("article:published_time", "parsely-pub-date") + STATED + BY_DAY,
            f'{HEADLINE}<p class="date">1 March 2021</p>',
        ),
    ],
)  # fmt: skip
def test_what_readers_see_never_overrides_the_head(head: str, body: str) -> None:
    assert (read(head, body).published_at or "").startswith("2024-05-03")


@pytest.mark.parametrize(
    "body",
    [
        f"{HEADLINE}<p>On 3 March 1999 the pier burnt down, for the first time.</p>",
        f"{HEADLINE}<p>1999年3月3日，码头第一次被烧毁，全城震惊。</p>",
        f"{HEADLINE}<p>Text.</p><aside><h3>Related</h3><time datetime='2020-01-01'>1 Jan 2020</time></aside>",
        f"{HEADLINE}<p>Text.</p><section class='comments'><p>3 May 2024</p></section>",
        f"{HEADLINE}<p>Text.</p><article class='teaser'><time datetime='2020-01-01'>1 Jan 2020</time></article>",
        f"{HEADLINE}<p>Text.</p><div class='end'>© 3 May 2019 Example News</div>",
    ],
)
def test_a_date_that_is_no_dateline_dates_nothing(body: str) -> None:
    assert read(body=body).published_at is None


@pytest.mark.parametrize(
    ("lang", "line", "published"),
    [
        ("en", "Published: 3 May 2025 | Updated: 4 May 2025, 17:45", "2025-05-03T00:00:00+00:00"),
        ("de", "Veröffentlicht am 03.05.2025 | Aktualisiert am 04.05.2025 um 17:45 Uhr", "2025-05-03T00:00:00+00:00"),
        ("en", "Published 3 May 2025. Updated 17:45", "2025-05-03T00:00:00+00:00"),
        ("en", "3 May 2025 · 5.30 min read", "2025-05-03T00:00:00+00:00"),
        ("en", "3 May 2025 | Video 12:45", "2025-05-03T00:00:00+00:00"),
        ("tr", "03 Mayıs 2025 Cumartesi 10:15", "2025-05-03T10:15:00+00:00"),
        ("fr", "Publié le 3 mai 2025 à 10h15", "2025-05-03T10:15:00+00:00"),
        ("fi", "3.5.2025 klo 10.15", "2025-05-03T10:15:00+00:00"),
        ("en", "10:15, 3 May 2025", "2025-05-03T10:15:00+00:00"),
        ("zh", "2025年5月3日 下午3:15", "2025-05-03T15:15:00+00:00"),
        ("ko", "2025.05.03. 오후 3:15", "2025-05-03T15:15:00+00:00"),
        ("el", "3 Μαΐου 2025, 3:15 μ.μ.", "2025-05-03T15:15:00+00:00"),
        ("en", "2025-05-03 03:15 PM", "2025-05-03T15:15:00+00:00"),
        ("en", "Sat 3 May 2025 15.15 BST", "2025-05-03T15:15:00+01:00"),
    ],
)  # fmt: skip
def test_the_time_stands_next_to_its_day(lang: str, line: str, published: str) -> None:
    assert read(body=f'{HEADLINE}<div class="meta">{line}</div>', lang=lang).published_at == published


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("en", "Updated 9 May 2025"), ("de", "Stand: 09.05.2025"), ("fr", "Mis à jour le 9 mai 2025"), ("es", "Actualizado el 9 de mayo de 2025"),
        ("it", "Aggiornato il 9 maggio 2025"), ("pt", "Atualizado em 9 de maio de 2025"), ("nl", "Bijgewerkt op 9 mei 2025"), ("sv", "Uppdaterad 9 maj 2025"),
        ("no", "Oppdatert 9. mai 2025"), ("da", "Opdateret 9. maj 2025"), ("fi", "Päivitetty 9.5.2025"), ("pl", "Aktualizacja: 9 maja 2025"),
        ("cs", "Aktualizováno 9. května 2025"), ("hu", "Frissítve: 2025. május 9."), ("ro", "Actualizat: 9 mai 2025"), ("tr", "Güncelleme: 9 Mayıs 2025"),
        ("ru", "Обновлено 9 мая 2025"), ("uk", "Оновлено 9 травня 2025"), ("el", "Ενημερώθηκε 9 Μαΐου 2025"), ("ar", "تحديث 9 مايو 2025"),
        ("he", "עודכן 9 במאי 2025"), ("ja", "更新 2025年5月9日"), ("ko", "수정 2025.05.09"), ("zh", "更新于2025年5月9日"),
    ],
)  # fmt: skip
def test_no_language_takes_an_update_for_the_publication(lang: str, line: str) -> None:
    read_back = read(json_ld(datePublished="2025-05-03"), f"{HEADLINE}<p>{line}</p>", lang=lang)
    assert (read_back.published_at or "").startswith("2025-05-03")
    alone = read(body=f"{HEADLINE}<p>{line}</p>", lang=lang)
    assert alone.sources.get("published_at", "update") == "update"


@pytest.mark.parametrize(
    ("stated", "head", "body", "published"),
    [
        ("2025-05-03T23:30:00", meta("article:published_time", "2025-05-03T23:30:00+02:00"), "", "2025-05-03T23:30:00+02:00"),
        ("2025-05-03T23:30:00", "", '<time datetime="2025-05-03T23:30+02:00">3 May</time>', "2025-05-03T23:30:00+02:00"),
        ("2025-05-03T10:00:00 EST", "", "", "2025-05-03T10:00:00-05:00"),
        ("2025-05-03T10:00:00-5:00", "", "", "2025-05-03T10:00:00-05:00"),
        ("2025-05-03 10:00:00 PM", "", "", "2025-05-03T22:00:00+00:00"),
    ],
)  # fmt: skip
def test_the_zone_comes_from_whoever_states_it(stated: str, head: str, body: str, published: str) -> None:
    assert read(json_ld(datePublished=stated) + head, HEADLINE + body).published_at == published


@pytest.mark.parametrize(
    ("lang", "line", "day"),
    [
        ("am", "25/08/2016", None),
        ("fa", "۱۴/۰۲/۰۳", None),
        ("fa", "۰۳/۰۲/۱۴", None),
        ("fa", "۱۴۰۴/۰۲/۱۳", "2025-05-03"),
        ("fa", "۱۳ اردیبهشت ۱۴۰۴ - ۱۰:۱۵", "2025-05-03"),
        ("ko", "25.05.03", None),
        ("th", "3 พ.ค. 68 10:15", "2025-05-03"),
        ("ja", "令和7年5月3日 10時15分", "2025-05-03"),
        ("hu", "2025. 05. 03. 10:15", "2025-05-03"),
        ("hu", "2025. május 3. 10:15", "2025-05-03"),
        ("lt", "2025 m. gegužės 3 d. 10:15", "2025-05-03"),
        ("en", "-2024-05-03", None),
    ],
)
def test_reads_other_calendars_or_leaves_them(lang: str, line: str, day: str | None) -> None:
    published = read(body=f'{HEADLINE}<div class="date">{line}</div>', lang=lang).published_at
    assert (published or "")[:10] == (day or "")


def test_a_stamp_of_the_last_build_gives_way_to_an_older_dateline() -> None:
    head = json_ld(datePublished="2025-05-03T10:00:00Z", dateModified="2025-05-03T10:00:00Z").replace(
        "News", ""
    )
    assert (read(head, f"{HEADLINE}<p>May 14, 2021</p>").published_at or "")[:10] == "2021-05-14"


def test_the_feeds_change_is_evidence() -> None:
    listed = Listed(url="https://news.example/a", modified_at="2025-05-05T10:00:00Z")
    assert read(BY_DAY, listed=listed).modified_at == "2025-05-05T10:00:00+00:00"
    changed = json_ld(datePublished="2025-05-03", dateModified="2025-05-04T10:00:00Z")
    assert read(changed, listed=listed).disagreements["modified_at"] == {
        "listing": "2025-05-05T10:00:00+00:00"
    }


def test_an_agencys_dateline_opens_the_text() -> None:
    own = "<p>RAJSHAHI, May 3, 2025 (BSS) - Gardens feed more villages every year.</p>"
    assert (read(body=own).published_at or "")[:10] == "2025-05-03"
    teaser = "<p>PARIS, May 1, 2025 (AFP) - The pier reopened.</p>"
    assert read(body=own + teaser).published_at is None


def test_what_stands_next_to_the_headline_is_its_own_in_any_section() -> None:
    line = '<div class="newsletter-details"><p>May 3, 2025</p></div>'
    assert (read(body=HEADLINE + line).published_at or "")[:10] == "2025-05-03"
    assert read(body=HEADLINE + line.replace("newsletter-details", "related")).published_at is None
