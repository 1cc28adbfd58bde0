"""What is written, set or typed is described, and what is described exists."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from cleaners.models import Metadata
from crawler import settings
from crawler.cli import app
from pipelines.outcomes import OutcomeRow
from pipelines.record import (
    BlockSpan,
    CleanerVersion,
    DisagreementRow,
    ImageRow,
    OptOutRow,
    Record,
    RemovalRow,
)

ROOT = Path(__file__).parent.parent
OUTPUT = (ROOT / "docs/output.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)


def section(text, heading):
    """The text from the heading to the next one of its level."""
    level = heading.split()[0]
    return re.split(rf"^{level} ", text.split(f"{heading}\n", 1)[1], flags=re.MULTILINE)[0]


def described(text):
    """The names in the first column of the section's tables, in their order."""
    return re.findall(r"^\| `([a-z_0-9]+)` \|", text, flags=re.MULTILINE)


def commands():
    """Each command as typed, with its typer options."""
    root = typer.main.get_command(app)

    def walk(command, words):
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(words), command
        else:
            for name, child in inner.items():
                yield from walk(child, [*words, name])

    return dict(walk(root, []))


def test_every_field_of_an_article_record_is_described_in_its_order():
    assert described(section(OUTPUT, "## Article record")) == list(Record.__annotations__)


def test_every_field_of_an_outcome_row_is_described_in_its_order():
    rows = described(section(OUTPUT, "## Outcome row"))
    assert rows[: len(OutcomeRow.__annotations__)] == list(OutcomeRow.__annotations__)


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("blocks", BlockSpan),
        ("images", ImageRow),
        ("removals", RemovalRow),
        ("opt_out", OptOutRow),
        ("disagreements", DisagreementRow),
        ("cleaner", CleanerVersion),
    ],
)
def test_every_key_of_a_nested_object_is_named_with_its_field(field, row):
    (line,) = re.findall(rf"^\| `{field}` \|.*$", section(OUTPUT, "## Article record"), flags=re.MULTILINE)
    missing = [key for key in row.__annotations__ if f"`{key}`" not in line]
    assert not missing


def test_every_metadata_field_reaches_the_record():
    assert {field.name for field in fields(Metadata)} - {"sources"} <= set(Record.__annotations__)


def test_every_reason_in_the_code_is_described():
    known = set(described(section(OUTPUT, "## Reasons of a rejection")))
    known |= set(re.findall(r"`(\w+)`", section(OUTPUT, "## Outcome row")))
    used = set()
    for package in ("cleaners", "pipelines"):
        for path in (ROOT / package).rglob("*.py"):
            used |= set(re.findall(r'(?:reason=|fault=|_reject(?:ed)?\(\w+, )"(\w+)"', path.read_text()))
    verdicts = re.search(r"Reasons: ([\w,\s]+)\.", (ROOT / "cleaners/page_type.py").read_text())
    used |= set(re.split(r",\s+", verdicts[1]))
    assert used
    assert used <= known


def test_every_command_is_described():
    assert commands()
    missing = [name for name in commands() if f"`broadsheet {name}`" not in OPERATIONS]
    assert not missing


@pytest.mark.parametrize("name", commands())
def test_every_option_of_a_command_is_described_in_its_section(name):
    text = section(OPERATIONS, f"### {name}")
    options = [
        word for parameter in commands()[name].params for word in parameter.opts if word.startswith("--")
    ]
    missing = [option for option in options if option != "--help" and f"`{option}" not in text]
    assert not missing


def test_every_environment_variable_is_described():
    code = Path(settings.__file__).read_text()
    names = set(re.findall(r'"((?:BROADSHEET_[A-Z_]+)|REDIS_URL)"', code))
    assert "REDIS_URL" in names
    missing = [name for name in names if f"`{name}`" not in section(OPERATIONS, "## Settings")]
    assert not missing


def test_every_decision_is_in_their_list():
    listed = (ROOT / "docs/adr/README.md").read_text()
    pages = sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    assert pages
    assert [page for page in pages if f"({page})" not in listed] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            path, _, anchor = target.partition("#")
            page = document.parent / path if path else document
            if not page.exists() or (anchor and anchor not in anchors(page)):
                broken.append(target)
    assert not broken


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(document):
    named = re.findall(
        r"`((?:crawler|pipelines|cleaners|seeds|tests|docs|bench|tools)/[\w/.-]+)`", document.read_text()
    )
    assert [name for name in named if not (ROOT / name).exists()] == []
