from __future__ import annotations

import pytest

from cleaners.models import Listed
from tests.cleaners.metadata_pages import json_ld, meta, read

HEADLINE = "<h1>Harbour reopens after the longest winter</h1>"


def person(name: str) -> dict[str, str]:
    return {"@type": "Person", "name": name}


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Jane Doe", ("Jane Doe",)),
        ("By JANE DOE and Amir Khan", ("JANE DOE", "Amir Khan")),
        ("Von Jana Müller und Ole Krüger", ("Jana Müller", "Ole Krüger")),
        ("Par Anne Petit et Luc Roy", ("Anne Petit", "Luc Roy")),
        ("Por Ana López y Luis Gil", ("Ana López", "Luis Gil")),
        ("A cura di Carla Rossi e Ugo Bianchi", ("Carla Rossi", "Ugo Bianchi")),
        ("Yazan: Ayşe Demir ve Can Kaya", ("Ayşe Demir", "Can Kaya")),
        ("Автор: Анна Иванова и Олег Петров", ("Анна Иванова", "Олег Петров")),
        ("Written by Jane Doe, Staff Writer", ("Jane Doe",)),
        ("By Jane Doe, Amir Khan & Li Wei | May 3, 2025", ("Jane Doe", "Amir Khan", "Li Wei")),
        ("By Jane Doe on May 3, 2025 · 4 min read", ("Jane Doe",)),
        ("By Jane Doe. Photographs by Amir Khan", ("Jane Doe",)),
        ("By Jane Doe, MD, PhD", ("Jane Doe, MD, PhD",)),
        ("By Ursula von der Leyen", ("Ursula von der Leyen",)),
    ],
)
def test_reads_a_byline_below_the_headline(byline: str, names: tuple[str, ...]) -> None:
    read_back = read(body=f"{HEADLINE}<p>{byline}</p><p>{'Ice left the bay today. ' * 12}</p>")
    assert read_back.authors == names
    assert byline.startswith(read_back.byline or "?")


def test_takes_persons_from_json_ld() -> None:
    assert read(json_ld(author=[person("Jane Doe"), person("Amir Khan")])).authors == (
        "Jane Doe",
        "Amir Khan",
    )


def test_follows_references_between_json_ld_nodes() -> None:
    graph = '<script type="application/ld+json">{"@graph":[{"@type":"NewsArticle","headline":"x","author":{"@id":"#jane"}},{"@type":"Person","@id":"#jane","name":"Jane Doe"}]}</script>'
    assert read(graph).authors == ("Jane Doe",)


def test_an_organisation_beside_a_person_is_no_author() -> None:
    authors = [person("Jane Doe"), {"@type": "Organization", "name": "Example Press Agency"}]
    assert read(json_ld(author=authors)).authors == ("Jane Doe",)


def test_marks_an_organisation_that_is_credited_alone() -> None:
    read_back = read(json_ld(author={"@type": "Organization", "name": "Example Press Agency"}))
    assert read_back.authors == ("Example Press Agency",)
    assert read_back.sources["authors"] == "json-ld organisation"


def test_a_byline_goes_before_the_publisher_as_author() -> None:
    head = json_ld(author={"@type": "Organization", "name": "Example Times"}) + meta(
        "og:site_name", "Example Times"
    )
    assert read(head, f"{HEADLINE}<p>By Jane Doe</p>").authors == ("Jane Doe",)


@pytest.mark.parametrize(
    "junk", ["admin", "https://social.example/times", "jane@news.example", "", "user", "www.news.example"]
)
def test_accounts_and_addresses_are_no_authors(junk: str) -> None:
    assert read(meta("author", junk)).authors == ()


def test_a_persons_name_goes_before_an_account() -> None:
    assert read(meta("author", "jdoe_7"), f'{HEADLINE}<p class="byline">Jane Doe</p>').authors == (
        "Jane Doe",
    )


def test_folds_the_same_name_from_two_tags() -> None:
    assert read(meta("author", "Jane Doe") + meta("author", "JANE DOE")).authors == ("Jane Doe",)


def test_ignores_the_authors_of_comments_and_teasers() -> None:
    body = f'{HEADLINE}<aside><p class="author">Amir Khan</p></aside><div class="comments"><p class="author">Troll One</p></div>'
    assert read(body=body).authors == ()


def test_finds_authors_that_only_markup_names() -> None:
    body = f'{HEADLINE}<div class="article-author"><a href="/people/jane">Jane Doe</a><span class="role">Reporter</span></div>'
    assert read(body=body).authors == ("Jane Doe",)


def test_finds_the_signature_at_the_end() -> None:
    text = "<p>Ice left the bay today, weeks after fishermen had hoped to sail.</p>" * 40
    assert read(body=f"{HEADLINE}{text}<h4>Written by Jane Doe</h4>").authors == ("Jane Doe",)


def test_a_book_written_by_somebody_is_not_signed() -> None:
    text = "<p>The harbour is the scene of a novel written by Jane Austen long ago.</p>" * 40
    assert read(body=f"{HEADLINE}{text}").authors == ()


def test_turns_family_names_first_around() -> None:
    assert read(meta("citation_author", "Doe, Jane") + meta("citation_author", "Khan, Amir")).authors == (
        "Jane Doe",
        "Amir Khan",
    )


def test_the_listing_names_authors_where_the_page_does_not() -> None:
    read_back = read(listed=Listed(url="https://news.example/a", authors=("Jane Doe",)))
    assert read_back.authors == ("Jane Doe",)
    assert read_back.sources["authors"] == "listing"


def test_cuts_ten_thousand_names_short() -> None:
    names = ", ".join(f"Jane Doe{chr(97 + i % 26)}" for i in range(2_000))
    assert len(read(meta("author", names)).authors) <= 40


@pytest.mark.parametrize(
    "name",
    [
        "José Ortega y Gasset",
        "Maria Teresa Costa e Silva",
        "Jaume Coll i Serra",
        "Ursula von der Leyen",
        "Martin Luther King, Jr.",
        "राम शर्मा",
    ],
)
def test_one_person_stays_one(name: str) -> None:
    assert read(json_ld(author=person(name))).authors == (name,)
    assert read(meta("author", name)).authors == (name,)


@pytest.mark.parametrize(
    "name", ["Center for Drug Evaluation and Research", "Bundesministerium für Bildung und Forschung"]
)
def test_a_bodys_name_is_no_list(name: str) -> None:
    read_back = read(json_ld(author=name))
    assert (read_back.authors, read_back.sources["authors"]) == ((name,), "json-ld organisation")


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("JANE DOE, JOHN ROE, MARY MAJOR", ("JANE DOE", "JOHN ROE", "MARY MAJOR")),
        ("JANE DOE AND JOHN ROE", ("JANE DOE", "JOHN ROE")),
        ("ANNA GROSS UND JÖRG WEISS", ("ANNA GROSS", "JÖRG WEISS")),
        ("Juana Pérez y Luis Gil", ("Juana Pérez", "Luis Gil")),
        ("Anna Groß/Jörg Weiß", ("Anna Groß", "Jörg Weiß")),
        ("Ion Popescu şi Maria Ionescu", ("Ion Popescu", "Maria Ionescu")),
        ("أحمد علي ومحمد حسن", ("أحمد علي", "محمد حسن")),
        ("محمد علي وليد", ("محمد علي وليد",)),
        ("علی رضایی و مریم احمدی", ("علی رضایی", "مریم احمدی")),
        ("דנה כהן ויוסי לוי", ("דנה כהן", "יוסי לוי")),
        ("राम शर्मा और सीता वर्मा", ("राम शर्मा", "सीता वर्मा")),
        ("Doe, Jane; Roe, John", ("Jane Doe", "John Roe")),
        ("Doe, Jane", ("Jane Doe",)),
        ("Anna Groß, Berlin", ("Anna Groß",)),
        ("Jane Doe in Berlin", ("Jane Doe",)),
        ("Jane Doe | Example Newsroom", ("Jane Doe",)),
        ("Jane Doe - Example News", ("Jane Doe",)),
        ("Jane Doe (jane@news.example)", ("Jane Doe",)),
        ("jane@news.example (Jane Doe)", ("Jane Doe",)),
        ("Jane Doe jane@news.example", ("Jane Doe",)),
        ("javascript:alert(1)", ()),
        ("\u202eJane Doe\u202c", ("Jane Doe",)),
        ("Jane Doe \u2705\U0001f680", ("Jane Doe",)),
    ],
)
def test_takes_the_names_out_of_a_field(field: str, names: tuple[str, ...]) -> None:
    assert read(meta("author", field)).authors == names


@pytest.mark.parametrize(
    "markup", ['Jane <img src=x title="a>b"> Doe', "<span class='x'>Jane</span> Doe<script>x()<\\/script>"]
)
def test_markup_in_a_name_goes_with_what_it_holds(markup: str) -> None:
    assert read(json_ld(author=person(markup)).replace("\\\\/", "\\/")).authors == ("Jane Doe",)


def test_puts_a_name_together_from_its_parts() -> None:
    author = {"@type": "Person", "givenName": "Jan Michael", "familyName": "Marchart"}
    assert read(json_ld(author=author)).authors == ("Jan Michael Marchart",)


def test_keeps_the_byline_that_the_head_contradicts() -> None:
    read_back = read(json_ld(author=person("Jane Doe")), f"{HEADLINE}<p>By Mary Major</p>")
    assert read_back.authors == ("Jane Doe",)
    assert read_back.disagreements["authors"] == {"headline": ["Mary Major"]}


def test_a_place_behind_the_names_is_nobody() -> None:
    assert read(body=f"{HEADLINE}<p>By Jane Doe, Example News, 3 May 2025</p>").authors == ("Jane Doe",)
    assert read(body=f"{HEADLINE}<p>Von Anna Groß, Berlin</p>", lang="de").authors == ("Anna Groß",)
