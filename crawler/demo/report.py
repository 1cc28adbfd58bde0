"""Print what a run of the demo did: tables and two columns on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from selectolax.lexbor import LexborHTMLParser

from crawler.account import describe_other_pages, describe_unfetched
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from rich.console import Console

    from crawler.crawl import CrawlReport
    from crawler.demo.published import Published

_RULES_SHOWN = 14
_LINES_SHOWN = 60
_TWO_COLUMNS_FROM = 110
"""Columns of the terminal: below this, before and after stand one under the other."""


def print_counts(console: Console, added: Published, report: CrawlReport) -> None:
    """What was fetched, and what became of it: the rows below the visits add up to them."""
    rate = f", {report.pages_per_second:.1f} pages a second" if report.pages else ""
    fetched = f"{counted(report.pages, 'page')} and {counted(report.listings, 'listing')}"
    table = Table.grid(padding=(0, 2))
    table.add_row("Fetched", f"{fetched} in {report.seconds:.1f} s{rate}{describe_other_pages(report)}")
    visits = f"{len(added.rows)}{describe_unfetched(report)}; each ended as one of these:"
    table.add_row("Visits", visits if added.rows else "0")
    articles = added.articles
    languages = Counter(row["language"] for row in articles)
    spread = ", ".join(f"{language} {count}" for language, count in sorted(languages.items()))
    table.add_row("  Articles", f"{len(articles)}  ({spread})" if articles else "0")
    for outcome, label in _OUTCOMES.items():
        rows = [row for row in added.rows if row["outcome"] == outcome]
        if rows:
            table.add_row(f"  {label}", _outcome(outcome, rows))
    console.print(table)


_OUTCOMES = {
    "duplicate": "Duplicates",
    "unchanged": "Unchanged",
    "rejected": "Rejected",
    "blocked": "Blocked",
    "gone": "Gone",
    "dead": "Dead",
}


def _outcome(outcome: str, rows: list[dict[str, Any]]) -> str:
    names = (f"same {row['alike']}" if outcome == "duplicate" else row["reason"] for row in rows)
    told = ", ".join(f"{name} {count}" for name, count in sorted(Counter(filter(None, names)).items()))
    return f"{len(rows)}  ({told})" if told else str(len(rows))


def print_removals(console: Console, articles: Iterable[dict[str, Any]]) -> None:
    """What cleaning took from the articles, by rule, the most frequent first."""
    times: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    for article in articles:
        for removal in article["removals"]:
            if not removal["refused"]:
                times[removal["rule"]] += 1
                chars[removal["rule"]] += removal["chars"]
    if not times:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), title="Removed by rule", title_justify="left")
    table.add_column("rule")
    table.add_column("times", justify="right")
    table.add_column("characters", justify="right")
    for rule, count in times.most_common(_RULES_SHOWN):
        table.add_row(escape(rule), str(count), f"{chars[rule]:,}")
    rest = times.most_common()[_RULES_SHOWN:]
    if rest:
        left = sum(chars[rule] for rule, _ in rest)
        table.add_row(f"{len(rest)} more rules", str(sum(count for _, count in rest)), f"{left:,}")
    console.print(table)


def print_files(console: Console, data: Path, files: Iterable[str]) -> None:
    """Where the published files are."""
    console.print("Files")
    for path in files:
        console.print(f"  {escape(str(data / path))}", soft_wrap=True)


def print_before_and_after(console: Console, html: str, article: dict[str, Any]) -> None:
    """One page as a naive scraper reads it, what cleaning took from it struck out, and the clean article."""
    after = f"[bold]{escape(article['title'] or '')}[/bold]\n\n{escape(article['text'])}"
    kept = [article["title"] or "", *article["text"].split("\n\n")]
    before = "\n".join(_mark_removed(console, _naive_lines(html), kept))
    console.print(f"One page, before and after: {escape(article['url'])}", soft_wrap=True)
    if not console.is_terminal:
        console.print(
            f"\n--- before (the page's text; x: not in the article)\n{before}\n\n--- after\n{after}\n",
            soft_wrap=True,
        )
    elif console.width >= _TWO_COLUMNS_FROM:
        width = console.width // 2 - 1
        panels = (Panel(before, title="before", width=width), Panel(after, title="after", width=width))
        console.print(Columns(panels))
    else:
        console.print(Panel(before, title="before"), Panel(after, title="after"), sep="\n")


def _naive_lines(html: str) -> list[str]:
    tree = LexborHTMLParser(html)
    tree.strip_tags(["script", "style"])
    text = tree.body.text(separator="\n", strip=True) if tree.body else ""
    return [line for line in (part.strip() for part in text.splitlines()) if line]


def _mark_removed(console: Console, lines: list[str], kept: list[str]) -> Iterable[str]:
    """The page's lines, those that cleaning took marked; a line that stands twice is kept once."""
    matcher = SequenceMatcher(None, lines, kept, autojunk=False)
    matched = {block.a + step for block in matcher.get_matching_blocks() for step in range(block.size)}
    for number, line in enumerate(lines[:_LINES_SHOWN]):
        if console.is_terminal:
            yield escape(line) if number in matched else f"[red strike]{escape(line)}[/red strike]"
        else:
            yield f"{' ' if number in matched else 'x'} {escape(line)}"
    if len(lines) > _LINES_SHOWN:
        yield f"… and {len(lines) - _LINES_SHOWN} more lines"
