"""The `broadsheet` command. Commands import what they need when they run, so that `--help` answers at once."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from crawler.cli import cleaning, crawling, publishing, seeding, seen, serving
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
config_app = typer.Typer(help="Look after the file of settings.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config_app, name="config")


@app.callback(invoke_without_command=True)
def broadsheet(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Crawl news sites, clean their pages, publish the articles as JSON Lines."""
    if version:
        from importlib.metadata import version as read_version

        typer.echo(f"broadsheet {read_version('broadsheet')}")
        raise typer.Exit


# In the order of `--help`.
app.command()(crawling.demo)
app.command()(crawling.crawl)
app.command()(serving.serve)
app.command()(serving.fleet)
app.command()(serving.status)
app.command()(crawling.agenda)
app.command()(crawling.stop)
app.command()(cleaning.clean)
app.command()(cleaning.bulk)
app.command()(cleaning.clusters)
app.command()(cleaning.reclean)
app.command()(cleaning.compare)
app.command()(cleaning.explain)
app.command()(publishing.log)
app.command()(publishing.verify)
app.command()(publishing.compact)
app.command()(publishing.export)
app.command()(publishing.dump)
app.command()(publishing.takedown)
seeds_app.command("check")(seeding.check_seeds)
seeds_app.command("add")(seeding.add_seed)
seen_app.command("show")(seen.show_seen)
seen_app.command("forget")(seen.forget_seen)
seen_app.command("export")(seen.export_seen)
seen_app.command("import")(seen.import_seen)
seen_app.command("rebuild")(seen.rebuild_seen)
config_app.command("check")(serving.check_config)


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
