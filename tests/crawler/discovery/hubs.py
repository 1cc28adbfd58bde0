"""Hub pages built from real article addresses, titles and menus, in layouts that news sites use."""

from __future__ import annotations

import gzip
import json
import random
from html import escape
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

HOME = "https://hub.example/"
ARTICLES_A_HUB = 16


class Hub:
    """One page, the addresses of its articles, and those of everything else that it links to."""

    def __init__(self, layout, html, articles, others):
        self.layout = layout
        self.html = html
        self.articles = articles
        self.others = others


def read_pages(folder, *names):
    """(address, title, menu links) of each page that has a title and an address that names it."""
    found = []
    for name in names:
        with gzip.open(folder / f"{name}.pages.jsonl.gz", "rt") as lines:
            for line in lines:
                page = json.loads(line)
                title = find_title(page["html"])
                parts = urlsplit(page["url"])
                if title and len(parts.path) > 1:
                    address = HOME.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")
                    found.append((address, title, find_menu(page["html"], page["url"])))
    return found


def find_title(html):
    tree = LexborHTMLParser(html)
    for selector in ("meta[property='og:title']", "h1", "title"):
        node = tree.css_first(selector)
        if node is not None:
            text = node.attributes.get("content") or node.text(deep=True)
            if text and text.strip():
                return " ".join(text.split())
    return None


def find_menu(html, url):
    """The site's own menu and footer links: (path, label) of at most three words, as `nav` and `footer` hold them."""
    host = urlsplit(url).hostname
    found = {}
    for node in LexborHTMLParser(html).css("nav a[href], footer a[href]"):
        label = " ".join(node.text(deep=True).split())
        try:
            parts = urlsplit(urljoin(url, node.attributes.get("href") or ""))
        except ValueError:
            continue
        is_page = parts.scheme in {"http", "https"} and parts.hostname == host and len(parts.path) > 1
        if is_page and 0 < len(label.split()) <= 3 and len(label) < 25:
            found.setdefault(parts.path, label)
    return list(found.items())[:30]


def build_hubs(pages, seed=7):
    """One hub for every ARTICLES_A_HUB pages and layout; menus are those of one of the pages."""
    chance = random.Random(seed)
    pages = list(pages)
    chance.shuffle(pages)
    for number, start in enumerate(range(0, len(pages) - ARTICLES_A_HUB + 1, ARTICLES_A_HUB)):
        chunk = pages[start : start + ARTICLES_A_HUB]
        menu = max((menu for _, _, menu in chunk), key=len)
        taken = {address for address, _, _ in chunk}
        menu = [(path, label) for path, label in menu if HOME.rstrip("/") + path not in taken]
        for name, render in LAYOUTS.items():
            words = WORDS[(number + len(name)) % len(WORDS)]
            chrome = Chrome(words, menu)
            html = render([(address, title) for address, title, _ in chunk], chrome)
            yield Hub(name, html.encode(), taken, {urljoin(HOME, path) for path, _ in chrome.links})


# What stands around the articles: read more, older, by, tags, comments, about, privacy, newsletter, most read.
WORDS = [
    ("Read more", "Older", "By Ada Reed", "Bridges", "12 comments", "About us", "Privacy policy", "Get our newsletter", "author", "tag"),
    ("Weiterlesen", "Ältere", "Von Ada Reed", "Brücken", "12 Kommentare", "Über uns", "Datenschutz", "Newsletter bestellen", "autor", "thema"),
    ("Leer más", "Siguiente", "Por Ada Reed", "Puentes", "12 comentarios", "Quiénes somos", "Política de privacidad", "Boletín", "autores", "temas"),
    ("Lire la suite", "Suivant", "Par Ada Reed", "Ponts", "12 commentaires", "Qui sommes-nous", "Mentions légales", "Recevoir la lettre", "auteur", "sujet"),
    ("続きを読む", "次へ", "リード記者", "橋", "コメント12件", "会社概要", "プライバシーポリシー", "メールマガジン", "authors", "topics"),
    ("Читать далее", "Дальше", "Ада Рид", "Мосты", "12 комментариев", "О редакции", "Политика конфиденциальности", "Рассылка", "avtor", "tema"),
    ("اقرأ المزيد", "التالي", "بقلم آدا ريد", "جسور", "12 تعليقا", "من نحن", "سياسة الخصوصية", "النشرة البريدية", "author", "tag"),
    ("Devamını oku", "Sonraki", "Ada Reed", "Köprüler", "12 yorum", "Hakkımızda", "Gizlilik politikası", "Bülten", "yazar", "etiket"),
]  # fmt: skip


class Chrome:
    """Everything on a hub that is no article; remembers the links that it gave."""

    def __init__(self, words, menu):
        (
            self.more,
            self.older,
            self.by,
            self.tag,
            self.comments,
            self.about,
            self.privacy,
            self.letter,
            self.author_path,
            self.tag_path,
        ) = words
        self.menu_links = menu or [
            ("/politics/", "Politics"),
            ("/sport/", "Sport"),
            ("/culture/film/", "Film"),
        ]
        self.links = []

    def link(self, path, text, more=""):
        self.links.append((path, text))
        return f'<a href="{escape(path)}"{more}>{escape(text)}</a>'

    def menu(self, wrap="<nav><ul>{}</ul></nav>", item="<li>{}</li>"):
        return wrap.format(
            "".join(item.format(self.link(*entry)) for entry in [("/", "Home"), *self.menu_links])
        )

    def author(self, number):
        return self.link(f"/{self.author_path}/ada-reed-{number % 3}/", self.by)

    def tags(self, wrap='<div class="tags">{}</div>'):
        names = [
            (f"/{self.tag_path}/{number}-{slug}/", f"{self.tag} {number}")
            for number, slug in enumerate(("north", "south", "old-town", "harbour"))
        ]
        return wrap.format(" ".join(self.link(*name) for name in names))

    def pages(self):
        links = "".join(self.link(f"/politics/?page={number}", str(number)) for number in range(2, 7))
        return f'<div class="pager">{links}{self.link("/politics/?page=2", self.older)}</div>'

    def footer(self, wrap="<footer>{}</footer>"):
        links = [
            ("/about/", self.about),
            ("/privacy-policy/", self.privacy),
            ("/newsletter/", self.letter),
            ("/login?return=/politics/", "Login"),
            ("/terms-and-conditions-of-use/", "Terms and conditions of use"),
            ("/contact/editorial/", "Contact"),
        ]
        return wrap.format(" | ".join(self.link(*link) for link in links))


def page(body, title="Politics"):
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"


def cards(articles, chrome):
    """Cards by name: a picture link, a heading link, an author, a count of comments."""
    items = "".join(
        f'<article class="card"><a href="{escape(url)}"><img src="/i/{n}.jpg" alt=""></a>'
        f'<h3><a href="{escape(url)}">{escape(title)}</a></h3><p class="by">{chrome.author(n)}</p>'
        f"<p>A few words on it.</p></article>"
        for n, (url, title) in enumerate(articles)
    )
    return page(f"<header>{chrome.menu()}</header><main>{items}{chrome.pages()}</main>{chrome.footer()}")


def plain_list(articles, chrome):
    """A list of links and nothing else, between menus that are lists, too."""
    items = "".join(f'<li><a href="{escape(url)}">{escape(title)}</a></li>' for url, title in articles)
    menu = chrome.menu('<ul class="m1">{}</ul>')
    return page(
        f"<div>{menu}</div><div><ul>{items}</ul>{chrome.pages()}</div><div>{chrome.tags()}{chrome.footer('<div>{}</div>')}</div>"
    )


def table(articles, chrome):
    """A page of the nineties: tables, dates in cells."""
    rows = "".join(
        f'<tr><td>03.04.</td><td><a href="{escape(url)}"><b>{escape(title)}</b></a></td></tr>'
        for url, title in articles
    )
    menu = chrome.menu("<tr><td>{}</td></tr>", "{} | ")
    return page(
        f"<table>{menu}<tr><td><table>{rows}</table></td></tr><tr><td>{chrome.footer('{}')}</td></tr></table>"
    )


def whole_card_links(articles, chrome):
    """Hashed class names; the link holds picture, kicker, heading and teaser."""
    items = "".join(
        f'<div class="sc-1x9k"><a class="sc-77a" href="{escape(url)}"><img src="/i.jpg"><span>Kicker</span>'
        f"<div>{escape(title)}</div><div>And a sentence on what it is about.</div></a>{chrome.author(n)}</div>"
        for n, (url, title) in enumerate(articles)
    )
    menu = chrome.menu('<div class="sc-9aa">{}</div>', '<div class="sc-3b">{}</div>')
    footer = chrome.footer('<div class="sc-0f">{}</div>')
    return page(f'<div class="sc-root">{menu}<div class="sc-5">{items}</div>{chrome.tags()}{footer}</div>')


def headings_without_links(articles, chrome):
    """A heading, a teaser, and a link that only says "read more"."""
    items = "".join(
        f'<div class="entry"><h2>{escape(title)}</h2><p>And a sentence on what it is about.</p>'
        f'<a href="{escape(url)}">{escape(chrome.more)}</a> {chrome.tags("<span>{}</span>") if n == 0 else ""}</div>'
        for n, (url, title) in enumerate(articles)
    )
    return page(
        f"{chrome.menu('<div id=menu>{}</div>', '{} ')}<div id=content>{items}{chrome.pages()}</div>{chrome.footer()}"
    )


def front_page(articles, chrome):
    """A lead, boxes by section with their names as headings, most read, a tag cloud."""
    lead, *others = articles
    boxes = "".join(
        f"<section><h2>{chrome.link(*entry)}</h2><ul>"
        + "".join(
            f'<li><p><a href="{escape(url)}">{escape(title)}</a></p></li>'
            for url, title in others[start : start + 5]
        )
        + "</ul></section>"
        for start, entry in zip(range(0, 15, 5), chrome.menu_links * 3, strict=False)
    )
    top = f'<div class="lead"><h1><a href="{escape(lead[0])}">{escape(lead[1])}</a></h1></div>'
    ranked = "".join(f'<li><a href="{escape(url)}">{escape(title)}</a></li>' for url, title in articles[:5])
    aside = f"<aside><h4>Top</h4><ol>{ranked}</ol>{chrome.tags(chr(60) + 'div>{}</div>')}</aside>"
    return page(f"{chrome.menu()}{top}{boxes}{aside}{chrome.footer()}", "Home")


LAYOUTS = {
    "cards": cards,
    "plain list": plain_list,
    "table": table,
    "whole-card links": whole_card_links,
    "headings without links": headings_without_links,
    "front page": front_page,
}
