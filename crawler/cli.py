"""The `broadsheet` command. Commands import what they need when they run, so that `--help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from crawler.list_options import spread

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
seeds_app = typer.Typer(help="Look after the sites to crawl.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(seeds_app, name="seeds")
seen_app = typer.Typer(
    help="Look after what is remembered of visited pages.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(seen_app, name="seen")

Networks = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-address",
        metavar="CIDR",
        help="Network that is not public and may be fetched from all the same.",
    ),
]
Contact = Annotated[
    str | None,
    typer.Option(metavar="MAIL|URL", help="Where site owners can reach you; default: BROADSHEET_CONTACT."),
]
State = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the embedded Redis, as in crawl.")]
Data = Annotated[str, typer.Option(metavar="DIR|URL", help="Folder or s3:// address of what is published.")]


@app.callback(invoke_without_command=True)
def broadsheet(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Crawl news sites, clean their pages, publish the articles as JSON Lines."""
    if version:
        from importlib.metadata import version as read_version

        typer.echo(f"broadsheet {read_version('broadsheet')}")
        raise typer.Exit


@app.command()
def demo(
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to publish in; default data/demo.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65000, help="First of the sites' ports.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Only serve the sites, for a browser.")] = False,
) -> None:
    """Crawl bundled news sites, and show what came of it.

    A second run publishes only what was edited in between.
    """
    from crawler.demo_command import show

    show(data, port, serve=serve)


@app.command()
def crawl(
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Seed file, or folder of them; default: those that came along."),
    ] = None,
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Visit this site, due or not.")] = None,
    url: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Visit this page, and no listing.")
    ] = None,
    urls: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-", help="Visit the pages that this list names, one a line, and no listing."
        ),
    ] = None,
    data: Data = "data",
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the embedded Redis; default: .state in a local data folder."
        ),
    ] = None,
    allow_address: Networks = None,
    contact: Contact = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Visit so many pages at most.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Visit every site, due or not.")] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Read the whole archive of the --site back to this day."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the account of the crawl here, as JSON.")
    ] = None,
) -> None:
    """Visit the sites that are due: fetch, clean, publish."""
    from crawler.crawl_command import crawl_sites

    crawl_sites(
        report,
        seeds=tuple(seeds) if seeds else None,
        sites=tuple(site or ()),
        urls=tuple(url or ()),
        url_list=urls,
        data=data,
        state=state,
        allow_addresses=tuple(allow_address or ()),
        contact=contact or None,
        limit=limit,
        since=since,
        now=now,
        progress=True,
    )


@app.command()
def agenda(
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this site.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only the sites that are due.")] = False,
    data: Data = "data",
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a site.")] = False,
) -> None:
    """Show when each site and listing is due, and what its last poll brought."""
    from crawler.agenda_command import show_agenda

    show_agenda(site or [], data, state, only_due=due, as_json=as_json)


@app.command()
def stop(
    target: Annotated[
        str,
        typer.Argument(metavar="HOST|SITE|list", help="A host with its subdomains, a site's id, or list."),
    ],
    for_: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="Such as 12h or 2d; default: for good.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Crawl it again.")] = False,
    data: Data = "data",
    state: State = None,
) -> None:
    """Leave a host or site alone at once, in running crawls too."""
    from crawler.stop_command import stop as stop_target

    stop_target(target, for_, data, state, remove=remove)


@app.command()
def clean(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files (.html, .txt, .jsonl; also .gz, .zst), folders of them, or - for standard input.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write here, all or nothing; .gz and .zst are compressed."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=1024, metavar="N", help="Processes that clean; default: one a core."),
    ] = None,
) -> None:
    """Clean pages and texts, one output line for each."""
    from crawler.clean_command import clean_files

    clean_files(inputs, out, workers)


@app.command()
def explain(
    page: Annotated[str, typer.Argument(metavar="FILE|URL", help="A saved page, or one to fetch.")],
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write it as one HTML file instead.")
    ] = None,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Show what is taken from a page, and by which rule."""
    from crawler.explain_command import explain_page

    explain_page(page, html, tuple(allow_address or ()), contact or None)


@app.command()
def log(
    data: Data = "data",
    after: Annotated[int, typer.Option(min=0, metavar="N", help="Only the entries after this one.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as entries come.")] = False,
) -> None:
    """Show what was published, entry by entry, as JSON Lines."""
    from crawler.log_command import show_log

    show_log(data, after, follow=follow)


@app.command()
def verify(data: Data = "data") -> None:
    """Prove that what is published keeps every promise, or name what breaks one."""
    from crawler.verify_command import verify_data

    verify_data(data)


@app.command()
def compact(data: Data = "data") -> None:
    """Make few large parts of many small ones; mark complete days; delete what no longer counts."""
    from crawler.compact_command import compact_data

    compact_data(data)


@app.command()
def export(
    parquet: Annotated[
        Path, typer.Option(metavar="OUT", help="A folder to make, or one file of articles (*.parquet).")
    ],
    data: Data = "data",
    as_of: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only what entry N and those before it published.")
    ] = None,
) -> None:
    """Write what is published as Parquet."""
    from crawler.export_command import export_data

    export_data(data, parquet, as_of)


@app.command()
def takedown(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="An address; a prefix, ending in / or *; a site's id or host; an article's id; a text's hash.",
        ),
    ],
    reason: Annotated[str, typer.Option(metavar="WHY", help="Stands in the log, for good.")],
    data: Data = "data",
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the embedded Redis, as in crawl.")
    ] = None,
) -> None:
    """Take something down: it goes from all that is published, and is not fetched any more."""
    from crawler.takedown_command import take_down

    take_down(target, reason, data, state)


@seeds_app.command("check")
def check_seeds(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]", help="Seed files or folders of them; default: those that came along."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask every listing once, too.")] = False,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Read the seeds and name every mistake in them."""
    from crawler.seeds_command import check

    check(paths or None, live=live, allow_addresses=tuple(allow_address or ()), contact=contact or None)


@seeds_app.command("add")
def add_seed(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site's home page.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of seeds; the file goes to COUNTRY/ID.toml in it.")
    ] = Path("seeds"),
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The site's id; default: by its address.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(metavar="CC", help="Two letters; default: by the address, else xx.")
    ] = None,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Look around at a site for feeds, sitemaps and sections, and write its seed file."""
    from crawler.seeds_add_command import add

    add(
        url,
        out,
        id_=id_,
        country=country,
        allow_addresses=tuple(allow_address or ()),
        contact=contact or None,
    )


@seen_app.command("show")
def show_seen(
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL...]", help="Addresses; default: how much is remembered."),
    ] = None,
    data: Data = "data",
    state: State = None,
) -> None:
    """Show what is remembered of addresses, or how much in all."""
    from crawler.seen_command import show

    show(urls or [], data, state)


@seen_app.command("forget")
def forget_seen(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Addresses that become due again.")],
    data: Data = "data",
    state: State = None,
) -> None:
    """Forget addresses: they are visited when they are next listed or asked for."""
    from crawler.seen_command import forget

    forget(urls, data, state)


@seen_app.command("export")
def export_seen(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: standard output.")] = None,
    data: Data = "data",
    state: State = None,
) -> None:
    """Write all that is remembered as JSON Lines."""
    from crawler.seen_command import export

    export(file, data, state)


@seen_app.command("import")
def import_seen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export has written.")],
    data: Data = "data",
    state: State = None,
) -> None:
    """Remember what an exported file says, too."""
    from crawler.seen_command import import_file

    import_file(file, data, state)


@seen_app.command("rebuild")
def rebuild_seen(data: Data = "data", state: State = None) -> None:
    """Forget everything, and remember what the log says."""
    from crawler.seen_command import rebuild

    rebuild(data, state)


def main() -> None:
    """Run the command line; a mistake in its use is one line."""
    try:
        code = app(spread(sys.argv[1:]), prog_name="broadsheet", standalone_mode=False)
    except TyperException as error:
        from crawler.exits import MISTAKE, fail

        told = error.format_message()
        if "\n" in told:
            # A command that was given nothing shows its help.
            typer.echo(told, err=True)
            sys.exit(MISTAKE)
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "broadsheet"
        place = command.removeprefix("broadsheet").strip()
        fail(f"{place and f'{place}: '}{told.rstrip('.')}; see {command} --help", MISTAKE)
    sys.exit(code)
