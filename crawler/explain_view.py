"""How an explanation looks: in a terminal, and as one HTML file that needs nothing else."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cleaners.models import Article
from crawler.exits import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from cleaners.explanation import Explanation, Part
    from cleaners.models import Removal

_GONE_MARK = "✗ "
_KEPT_STYLES = {"heading": "bold", "quote": "italic", "code": "dim"}


def to_terminal(explanation: Explanation) -> RenderableType:
    """The page with what went struck through and named, what it is about before it, the counts after it."""
    about = Table.grid(padding=(0, 2))
    for _ in range(3):
        about.add_column(overflow="fold")
    for name, value, source in _facts(explanation):
        about.add_row(Text(name, "dim"), Text(printable(value)), Text(printable(source), "dim"))
    parts = [_to_text(part) for part in _shown(explanation)]
    counts = Table("rule", "times", "characters", title="removed, by rule", title_justify="left")
    for rule, times, chars in _counts(explanation):
        counts.add_row(Text(rule), str(times), str(chars))
    return Group(about, Text(), *parts, Text(), counts)


def _shown(explanation: Explanation) -> Iterator[Part]:
    """The parts that hold something to read: of an emptied button there is nothing to show."""
    return (part for part in explanation.parts if part.is_kept or part.text.strip())


def _to_text(part: Part) -> Text:
    text = Text()
    if part.is_kept:
        text.append(_prefix(part) + printable(part.text), _KEPT_STYLES.get(part.kind, ""))
    else:
        # The mark says it where a terminal, or a pipe, cannot strike through.
        text.append(_GONE_MARK + printable(part.text), "strike dim")
    for removal in part.removals:
        text.append(
            f"  {printable(_label(removal, is_kept=part.is_kept))}",
            "red" if not removal.refused else "yellow",
        )
    text.append("\n")
    return text


def _prefix(part: Part) -> str:
    if part.kind == "heading":
        return "#" * (part.level or 1) + " "
    return {"list_item": "• ", "quote": "❝ "}.get(part.kind, "")


def _label(removal: Removal, *, is_kept: bool) -> str:
    if removal.refused:
        return f"[{removal.rule}: refused, it would have taken too much]"
    return f"[{removal.rule}: “{removal.sample}”]" if is_kept else f"[{removal.rule}]"


def _facts(explanation: Explanation) -> Iterator[tuple[str, str, str]]:
    """Name, value and source of what is known of the page."""
    result = explanation.result
    yield "url", result.url or "not known", ""
    if not isinstance(result, Article):
        yield "rejected", result.reason, result.evidence
        return
    about = result.metadata
    yield "id", result.id, about.canonical_url
    fields = {
        "title": about.title,
        "authors": ", ".join(about.authors),
        "published_at": about.published_at,
        "modified_at": about.modified_at,
        "language": about.language,
        "section": about.section,
    }
    for name, value in fields.items():
        if value:
            yield name, value, about.sources.get(name, "")


def _counts(explanation: Explanation) -> list[tuple[str, int, int]]:
    """Rule, times and characters, the most first; refused ones are not counted."""
    times: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    for removal in explanation.result.removals:
        if not removal.refused:
            times[removal.rule] += 1
            chars[removal.rule] += removal.chars
    return [(rule, times[rule], count) for rule, count in chars.most_common()]


_TAGS = {"paragraph": "p", "list_item": "li", "quote": "blockquote", "code": "pre", "table": "pre"}

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1a1a1a; --faint: #6b6b6b; --gone: #b3261e; --kept: #8a6100;
  --line: #d9d9d9 }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e6e6e6; --faint: #9a9a9a; --gone: #f2b8b5;
  --kept: #f0c060; --line: #3a3d42 } }
body { background: var(--page); color: var(--ink); font: 1.05rem/1.6 Georgia, serif; max-width: 46rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
table, .rule, footer, label { font: 0.82rem/1.5 system-ui, sans-serif }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem }
td, th { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.faint { color: var(--faint) }
del { color: var(--faint) }
.rule { color: var(--gone); margin-inline-start: 0.5rem }
.refused { color: var(--kept) }
pre { white-space: pre-wrap }
#only:checked ~ main .gone { display: none }
"""


def to_html(explanation: Explanation) -> str:
    """The same as one page without scripts, pictures or addresses that a browser would open by itself."""
    result = explanation.result
    title = (result.metadata.title if isinstance(result, Article) else None) or result.url or "page"
    facts = [(name, value, source) for name, value, source in _facts(explanation)]
    rows = "\n".join(
        f"<tr><th>{escape(name)}<td>{escape(value)}<td class=faint>{escape(source)}"
        for name, value, source in facts
    )
    parts = "\n".join(_to_element(part) for part in _shown(explanation))
    counts = "\n".join(
        f"<tr><td>{escape(rule)}<td class=n>{times}<td class=n>{chars}"
        for rule, times, chars in _counts(explanation)
    )
    language = result.metadata.language if isinstance(result, Article) else None
    direction = result.metadata.direction if isinstance(result, Article) else None
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Explained: {escape(title)}</title>
<style>{_STYLE}</style>
<table>
{rows}
</table>
<input type="checkbox" id="only"> <label for="only">show only what was kept</label>
<main lang="{escape(language or "")}" dir="{escape(direction or "auto")}">
{parts}
</main>
<footer>
<table>
<tr><th>removed, by rule<th class=n>times<th class=n>characters
{counts}
</table>
</footer>
</html>
"""


def _to_element(part: Part) -> str:
    tag = f"h{part.level or 2}" if part.kind == "heading" else _TAGS[part.kind]
    labels = "".join(_to_label(part.removals, is_kept=part.is_kept))
    if part.is_kept:
        return f"<{tag}>{escape(part.text)}{labels}</{tag}>"
    return f'<{tag} class="gone"><del>{escape(part.text)}</del>{labels}</{tag}>'


def _to_label(removals: Iterable[Removal], *, is_kept: bool) -> Iterator[str]:
    for removal in removals:
        kind = "rule refused" if removal.refused else "rule"
        yield f'<span class="{kind}">{escape(_label(removal, is_kept=is_kept))}</span>'
