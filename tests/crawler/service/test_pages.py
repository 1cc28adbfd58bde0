"""The web pages over what a crawl published, and over what hostile sites would put there, in a real browser."""

from __future__ import annotations

import asyncio
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from functools import partial
from urllib.parse import quote, urlencode

import pytest
from lxml import html
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.routing import Route

from crawler.crawl import CrawlOptions, run_crawl
from crawler.demo.content import load_sites
from crawler.demo.pages import render_story
from crawler.joined import join
from crawler.service.pages.charts import to_bars, to_spark
from crawler.service.pages.differences import to_rows
from crawler.service.pages.problem_pages import ProblemPages, answer_fault_to_all
from crawler.service.pages.wording import is_web, reveal
from crawler.service.problems import answer_missing_part
from crawler.service.revisions import compare
from crawler.settings import read_environment
from crawler.sources import SiteState
from crawler.watch.alerts import Alert, SiteMemory
from crawler.watch.book import book_keys
from crawler.watch.visits import Sample, Visit
from tests.chromium import CHROMIUM, FLAGS, needs_chromium
from tests.crawler.service.hostile import DENSE, PAYLOADS, add_hostile_rows, scrub
from tests.pipelines.published import add_rows, take_down

pytestmark = pytest.mark.xdist_group("pages")


@pytest.fixture(scope="module")
def data(serve, helpers, tmp_path_factory):
    """A crawl of three pages, one of them a demo story, archived; a revision; an alert; and rows of a hostile site."""
    folder = tmp_path_factory.mktemp("pages")
    gazette = serve()
    (demo,) = (site for site in load_sites(80) if site.id == "dispatch")
    story = next(story for story in demo.stories if "kelp" in story.path)
    gazette.answers |= {
        "/kelp": helpers.answer(render_story(demo, story, None).encode()),
        "/b": helpers.answer(helpers.page(2)),
        "/c": helpers.answer(helpers.page(3)),
    }
    urls = [gazette.base + path for path in ("/kelp", "/b", "/c", "/gone")]
    helpers.seed(folder / "seeds", "gazette", gazette.base, urls=urls, archive=True)
    run_crawl(
        CrawlOptions(
            seeds=(folder / "seeds",),
            data=str(folder / "data"),
            allow_addresses=("127.0.0.1/32",),
            now=True,
            environment=replace(read_environment({}), clean_workers=1),
        )
    )
    data = folder / "data"
    (page,) = (row for row in helpers.rows(data) if row["url"].endswith("/c"))
    word = page["text"].split()[1]
    add_rows(
        data,
        {
            **page,
            "visit": secrets.token_hex(16),
            "revision": 2,
            "text": page["text"].replace(word, "LIGHTHOUSE", 1),
        },
    )
    add_hostile_rows(data)
    asyncio.run(add_alert(data))
    return data


async def add_alert(data):
    sample = Sample(f"https://evil.example/{PAYLOADS[1]}", "ab" * 16)
    memory = SiteMemory(
        visits=[Visit(at=1_700_000_000, articles=4, captured=90, lag=600, lags=4)],
        alerts=[Alert("fields", 1_700_000_000, f"authors fell from 100 % to 0 % {PAYLOADS[0]}", [sample])],
    )
    async with join(str(data), None) as (redis, ledger):
        memories, standing, _ = book_keys(ledger)
        await redis.hset(memories, "gazette", memory.packed())
        await redis.hset(standing, "gazette", "fields")
        barren = SiteMemory(visits=[Visit(at=1_700_000_000, bad={"too_short": 9})])
        await redis.hset(memories, "harbour", barren.packed())
        state = SiteState(owed=20, put_offs=1, put_off="its host is closed", verdict="ok")
        await redis.hset(ledger.key("agenda"), "harbour", state.packed())


@pytest.fixture(scope="module")
def service(start, data):
    running = start(
        data, "--no-crawl", "--seeds", str(data.parent / "seeds"), "--allow-address", "127.0.0.1/32"
    )
    running.await_that(lambda: len(running.articles("site=evil&limit=200")) == 199)
    return running


@pytest.fixture(scope="module")
def kelp(service):
    return next(one for one in service.articles("site=gazette") if one["url"].endswith("/kelp"))


@pytest.fixture(scope="module")
def revised(service):
    return next(one for one in service.articles("site=gazette") if one["revision"] == 2)


def look(service, path, status=200):
    answer = service.get(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8"), (
        answer.body
    )
    return html.fromstring(answer.body.decode())


def said(element):
    return " ".join(element.text_content().split())


# ── what they say ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_archived_page_is_shown_with_each_removal_where_it_lay_and_its_rule(service, kelp):
    page = look(service, f"/articles/{kelp['id']}")
    gone = {said(part.find("del")): said(part.find("span")) for part in page.find_class("gone")}
    assert gone["expand_more"] == "unread/control"
    assert gone["play_arrow"] == "unread/control"
    assert len(gone) > 20
    kept = [said(part) for part in page.find_class("kept")]
    assert kept[0].startswith("Nine kelp farms")
    assert said(page.get_element_by_id("after").getnext().find("p")) == kept[0]


def test_a_page_in_no_archive_is_shown_with_the_account_of_its_row(service, revised):
    path = f"/articles/{'0' * 31}2"
    page = look(service, path)
    assert "in no archive" in said(page)
    assert len(page.find_class("removals")) == 1
    damaged = look(service, f"/articles/{'0' * 31}1")
    assert "not kept any more" in said(damaged)


def test_revisions_stand_side_by_side_with_the_words_that_changed(service, revised):
    page = look(service, f"/articles/{revised['id']}?view=revisions")
    (sides,) = page.find_class("sides")
    assert [said(one) for one in sides.iter("ins")] == ["LIGHTHOUSE"]
    assert len(list(sides.iter("del"))) == 1
    first = look(service, f"/articles/{revised['id']}?view=revisions&revision=1")
    assert "the first revision" in said(first)


def test_paragraphs_stand_across_from_the_one_that_they_became():
    before = {
        "revision": 1,
        "text": "One stays.\n\nThe old bridge opens in May.\n\nThree stays.\n\nFour stays.\n\nFive.",
    }
    after = before | {
        "revision": 2,
        "text": "One stays.\n\nA crack was found today.\n\nThe old bridge opens in June.\n\nThree stays.\n\nFour stays.\n\nFive.",
    }
    rows = to_rows(compare(before, after))
    assert [row.kind for row in rows] == ["same", "added", "changed", "same", "skipped"]
    assert [span.text for span in rows[2].after if span.is_changed] == ["June"]
    assert [span.text for span in rows[2].before if span.is_changed] == ["May"]


def test_the_overview_says_what_is_wrong_now_with_the_pages_that_show_it(service):
    page = look(service, "/")
    alert, ailing = page.find_class("alert")
    assert said(ailing) == "harbour pages were put off in 1 pass in a row (its host is closed); 20 links owed"
    assert "authors fell from 100 % to 0 %" in said(alert)
    assert not page.find_class("fine")
    tiles = {said(one.find("dt")): said(one.find("dd")) for one in page.find_class("tiles")[0]}
    assert (tiles["Captured"], tiles["Lag"], tiles["Open alerts"]) == ("90 %", "10 min", "1")
    chart = next(page.iter("svg"))
    days = {said(row[0]): said(row[1]) for row in page.find_class("chart")[0].iter("tr")}
    assert chart.get("aria-label").endswith(
        f": {days[chart_day(chart)]} in all, at most {days[chart_day(chart)]} on {chart_day(chart)}"
    )


def chart_day(chart):
    return chart.get("aria-label").rpartition(" on ")[2]


def test_sites_and_one_site_show_verdict_fields_rules_and_samples(service):
    page = look(service, "/sites")
    (row,) = (row for row in page.iter("tr") if row.get("role") == "row" and "Gazette" in said(row))
    assert "alert: fields" in said(row)
    assert not row.find_class("good")
    (harbour,) = (row for row in page.iter("tr") if row.get("role") == "row" and "harbour" in said(row))
    assert ("no article" in said(harbour), len(harbour.find_class("good"))) == (True, 0)
    assert "Title 100 %" in next(
        svg.get("aria-label") for svg in row.iter("svg") if svg.get("class") == "fields"
    )
    spark = next(svg.get("aria-label") for svg in row.iter("svg") if svg.get("class") == "spark")
    one = look(service, "/sites/gazette")
    assert spark == f"Articles a day, 30 days: today {said(one.find_class('tiles')[0][0].find('dd'))}"
    rules = {said(row[0]): said(row[-1]) for row in one.get_element_by_id("rules").getnext().iter("tr")}
    assert "expand_more" in rules["unread/control"]
    assert "http_404" in said(one.get_element_by_id("failed").getparent())


def test_a_search_finds_by_words_and_its_form_sends_empty_fields(service, kelp):
    page = look(
        service, "/articles?" + urlencode({"q": "kelp", "site": "", "language": "en", "from": "", "to": ""})
    )
    assert [link.get("href") for link in page.xpath("//h3/a")] == [f"/articles/{kelp['id']}"]
    assert page.get_element_by_id("q").get("value") == "kelp"
    assert "No article is like that" in said(look(service, "/articles?q=nothingofthekind"))


def test_pages_of_outcomes_follow_each_other_without_gap_or_repeat(service):
    path, seen = "/outcomes?site=evil&reason=", []
    while path:
        page = look(service, path)
        seen += [said(row) for row in page.xpath("//tbody/tr")]
        nexts = page.xpath("//a[@rel='next']/@href")
        path = nexts[0] if nexts else None
    assert (len(seen), len(set(seen))) == (200, 200)
    dead = look(service, "/outcomes?site=evil&outcome=dead")
    assert {said(one) for one in dead.xpath("//td[@data-label='Outcome']/span[1]")} == {"dead"}


def test_the_trace_of_an_address_leads_to_its_article(service, kelp):
    page = look(service, "/urls?" + urlencode({"url": kelp["url"]}))
    assert page.xpath(f"//a[@href='/articles/{kelp['id']}?revision=1']")
    assert "articles/date=" in said(page)


@pytest.mark.parametrize(
    ("path", "status", "wanted"),
    [
        ("/nothing", 404, "there is nothing here"),
        (f"/articles/{'f' * 32}", 404, "no article has this id"),
        ("/articles?from=yesterday", 400, "must be a day"),
        ("/sites/nobody", 404, "no seed has this id"),
        ("/outcomes?outcome=lost", 400, "must be one of"),
        ("/urls?url=javascript:alert(1)", 400, "url"),
        ("/static/0/pages.css", 404, "load the page again"),
    ],
)
def test_what_is_wrong_is_a_page_for_browsers_and_a_problem_for_programs(service, path, status, wanted):
    page = look(service, path, status)
    assert wanted in said(page)
    assert "Traceback" not in said(page)
    answer = service.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(("path", "status"), [("/gone", 503), ("/bug", 500)])
async def test_what_fails_for_now_and_a_bug_of_ours_are_pages_without_a_traceback(path, status):
    def fail(request):
        raise RedisError("secret") if request.url.path == "/gone" else ZeroDivisionError("secret")

    app = Starlette(
        routes=[Route("/gone", fail), Route("/bug", fail)],
        middleware=[Middleware(ProblemPages)],
        exception_handlers={RedisError: answer_missing_part, Exception: answer_fault_to_all},
    )
    for accepts, kind in ((b"text/html", "text/html; charset=utf-8"), (b"*/*", "application/problem+json")):
        sent = []
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
        with suppress(ZeroDivisionError):
            await app(scope | {"headers": [(b"accept", accepts)]}, None, partial(note, sent))
        start, body = sent
        assert (start["status"], Headers(raw=start["headers"])["content-type"]) == (status, kind)
        assert b"secret" not in body["body"]
        assert b"has more" in body["body"]


async def note(sent, message):
    sent.append(message)


def test_a_page_that_may_not_be_asked_for_says_so_as_a_page(service):
    page = service.get("/", Accept="text/html", Host="evil.example")
    assert (page.status, page.headers["Content-Type"]) == (421, "text/html; charset=utf-8")


def test_what_was_taken_down_is_gone_from_the_pages(service, data, kelp):
    victim = next(one for one in service.articles("site=gazette") if one["url"].endswith("/b"))
    assert victim["id"] in service.get("/articles?site=gazette").body.decode()
    asyncio.run(take_down(data, victim["url"]))
    service.await_that(lambda: service.get(f"/articles/{victim['id']}").status == 410)
    assert "taken down" in said(look(service, f"/articles/{victim['id']}", 410))
    for path in ("/articles?site=gazette", "/sites/gazette", "/"):
        assert victim["title"] not in service.get(path).body.decode()


def test_a_folder_with_nothing_in_it_has_pages_too(start, tmp_path):
    (tmp_path / "data").mkdir()
    service = start(tmp_path / "data", "--no-crawl")
    assert "Nothing is published yet" in said(look(service, "/"))
    assert "No seed is known" in said(look(service, "/sites"))
    assert "None was ordered yet" in said(look(service, "/dumps"))


# ── how they look ─────────────────────────────────────────────────────────────────────────────────────────────


def test_hidden_signs_are_made_visible_and_marks_of_direction_stay():
    assert reveal("a\u202eb\x1b\x9b\ud800\ue8b5\u200f") == "a‹U+202E›b␛‹U+009B›\ufffd‹U+E8B5›\u200f"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "https://",
            "http://[",
            "ftp://a.example",
        ),
        "https://a.example/\u202e",
        "https://a.example/ b",
        "https://a.example/\n",
        None,
        5,
    ],
)
def test_only_addresses_of_the_web_become_links(url):
    assert not is_web(url)
    assert is_web("https://a.example/ä?b=c#d")


def test_charts_hold_the_empty_and_the_large():
    assert to_bars([], []).bars == ()
    large = to_bars([0, 1, 98_765], ["a", "b", "c"])
    assert [bar.height > 0 for bar in large.bars] == [False, True, True]
    assert all(0 <= bar.y <= large.height for bar in large.bars)
    assert large.grid[-1].value >= 98_765
    assert to_spark([]).points == ""


@pytest.fixture(scope="module")
def browser(service):
    """After the service, whose folder is made by programs of asyncio: Playwright has a loop of its own running."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def tab(browser, service):
    """A page that notes what it should not have to: errors, dialogs, breaks of the policy."""
    context = browser.new_context(base_url=service.base, viewport={"width": 360, "height": 740})
    context.add_init_script(
        "window.breaks = []; addEventListener('securitypolicyviolation', event => "
        "window.breaks.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`), true)"
    )
    page = context.new_page()
    page.wrongs = []
    page.on(
        "console", lambda told: page.wrongs.append(told.text) if told.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: page.wrongs.append(str(error)))
    page.on("requestfailed", lambda request: page.wrongs.append(f"failed: {request.url}"))

    def dismiss(dialog):
        page.wrongs.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    yield page
    context.close()


@needs_chromium
def test_each_page_fits_phone_and_wide_in_light_and_dark_and_axe_finds_nothing_serious(
    tab, service, kelp, revised
):
    from axe_playwright_python.sync_playwright import Axe

    paths = [
        *("/", "/sites", "/sites/gazette", "/articles?site=gazette", "/outcomes?site=gazette", "/dumps"),
        *(f"/articles/{kelp['id']}", f"/articles/{kelp['id']}?view=record"),
        *(f"/articles/{revised['id']}?view=revisions", f"/urls?url={quote(kelp['url'])}"),
        "/nothing",
    ]
    found = []
    for path in paths:
        tab.goto(path)
        tab.evaluate(Axe().axe_script)
        for theme, width, height in (
            ("light", 360, 740),
            ("dark", 360, 740),
            ("dark", 1440, 900),
            ("light", 1440, 900),
        ):
            tab.set_viewport_size({"width": width, "height": height})
            tab.emulate_media(color_scheme=theme)
            wide = tab.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            if wide > 0:
                found.append(f"{path} at {width}: {wide} pixels too wide")
            if (theme == "light") == (width == 360):
                found += [
                    f"{path} {theme} {width}: {one['id']} {one['nodes'][0]['html'][:200]}"
                    for one in tab.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
                    if one["impact"] in {"serious", "critical"}
                ]
        found += tab.evaluate("window.breaks")
    # The browser says so of the last page itself.
    (missing,) = tab.wrongs
    assert ("404" in missing, found) == (True, [])


@needs_chromium
def test_two_hundred_hostile_texts_open_no_dialog_break_no_policy_and_make_no_element(tab, service):
    paths = ["/articles?site=evil&limit=200", "/sites/evil", "/", "/sites"]
    paths += [
        f"/articles/{number:032x}?view={view}"
        for number in range(0, 200, DENSE)
        for view in ("page", "record")
    ]
    paths += [f"/articles/{0:032x}?view=revisions", f"/articles?q={quote(PAYLOADS[0])}"]
    found, texts, count = [], "", 0
    after = ""
    while after is not None:
        outcomes = service.get(f"/outcomes?site=evil{after}", Accept="text/html").body.decode()
        paths.append(f"/outcomes?site=evil{after}")
        nexts = re.search(r'rel="next" href="/outcomes\?site=evil(&amp;after=\d+)"', outcomes)
        after = html.fromstring(f"<p>{nexts[1]}</p>").text if nexts else None
    for path in paths:
        tab.goto(path)
        tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        odd = tab.evaluate(ODD)
        found += [f"{path}: {one}" for one in odd["wrong"] + tab.evaluate("window.breaks")]
        count += odd["count"]
        texts += tab.evaluate("document.body.innerText")
    assert found + tab.wrongs == []
    assert count > 5_000
    shown = "".join(texts.split())
    missing = [one for one in PAYLOADS if "".join(reveal(scrub(one)).split()) not in shown]
    assert missing == []


ODD = """() => {
  const known = new Set(("html head meta title link script body a header div nav ul ol li main footer span p h1 h2 h3 "
    + "dl dt dd section figure svg line rect polyline circle path details summary table thead tbody tr th td bdi time "
    + "form label input select option button strong code pre blockquote del ins noscript progress").split(" "));
  const wrong = [];
  const all = document.querySelectorAll("*");
  for (const one of all) {
    const name = one.localName;
    if (!known.has(name)) wrong.push(`element ${one.outerHTML.slice(0, 120)}`);
    for (const { name: attribute, value } of one.attributes) {
      if (attribute.startsWith("on") || attribute === "style" || attribute === "srcdoc") wrong.push(`${name} ${attribute}=${value}`);
    }
    if (name === "a" && !["http:", "https:"].includes(one.protocol)) wrong.push(`link ${one.outerHTML.slice(0, 120)}`);
    if (name === "a" && one.origin !== location.origin && !one.rel.includes("noreferrer")) wrong.push(`rel ${one.href}`);
    if (name === "script" && !(one.getAttribute("src") || "").startsWith("/static/")) wrong.push("a script");
    if (name === "form" && new URL(one.action).origin !== location.origin) wrong.push(`form ${one.action}`);
  }
  if (document.scripts.length !== 1) wrong.push(`${document.scripts.length} scripts`);
  if (document.scrollingElement.scrollWidth > innerWidth) wrong.push("too wide");
  return { wrong, count: all.length };
}"""


@needs_chromium
def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(tab):
    tab.goto("/sites")
    tab.keyboard.press("Tab")
    focused = tab.evaluate(
        "[document.activeElement.className, getComputedStyle(document.activeElement).outlineStyle]"
    )
    assert focused == ["skip", "solid"]
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('main') !== null")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@needs_chromium
def test_a_dump_is_ordered_with_the_token_followed_and_downloaded(tab, service, token):
    tab.goto("/dumps")
    tab.get_by_label("Languages").fill("en")
    tab.get_by_label("Sites").fill("gazette")
    tab.get_by_label("Contact").fill("desk@news.example")
    tab.get_by_label("Token").fill("not-the-right-token")
    tab.get_by_role("button", name="Order the dump").click()
    tab.get_by_text("Not ordered: a wrong token was shown").wait_for()
    assert [one for one in tab.wrongs if "401" not in one] == []
    tab.wrongs.clear()
    tab.get_by_label("Token").fill(token)
    tab.get_by_role("button", name="Order the dump").click()
    link = tab.get_by_role("link", name="SHA256SUMS")
    link.wait_for(timeout=60_000)
    with tab.expect_download() as download:
        link.click()
    assert "articles-" in download.value.path().read_text()
    (dump,) = service.get("/api/dumps").json["dumps"]
    assert (dump["filters"]["sites"], dump["filters"]["languages"]) == (["gazette"], ["en"])
    assert tab.wrongs == []
