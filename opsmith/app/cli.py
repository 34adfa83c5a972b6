"""The command `opsmith`."""

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from opsmith.app import (
    cli_backup,
    cli_eval,
    cli_import,
    cli_kb,
    cli_keys,
    cli_mcp,
    cli_proposals,
    cli_train,
    cli_users,
    cli_worker,
)
from opsmith.app.cli_common import Json, Lang
from opsmith.app.cli_common import print_json as _print_json
from opsmith.app.cli_common import settings_of as _settings
from opsmith.app.cli_common import tell_first_use as _tell_first_use
from opsmith.errors import BadInput, OpsmithError, Unavailable
from opsmith.settings import load_settings

# The parts behind a command are imported when it runs: `opsmith --help` and `opsmith score` must
# not wait for screens and models.

app = typer.Typer(
    name="opsmith",
    help="An operations assistant for industrial equipment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(cli_mcp.app, name="mcp")
app.add_typer(cli_keys.keys, name="keys")
app.add_typer(cli_users.users, name="users")
app.add_typer(cli_keys.audit, name="audit")
app.add_typer(cli_proposals.proposals, name="proposals")
app.add_typer(cli_import.import_app, name="import")
app.add_typer(cli_kb.kb, name="kb")
app.add_typer(cli_train.train_app, name="train")
app.add_typer(cli_worker.worker_app, name="worker")
app.command()(cli_backup.backup)
app.command()(cli_backup.restore)
app.command("eval")(cli_eval.eval_)


def main() -> None:
    """Run the command; an error of ours is one line and exit code 2, an outage 1."""
    try:
        app()
    except* OpsmithError as group:
        first = _first(group)
        sys.stderr.write(f"opsmith: {first}\n")
        sys.exit(1 if isinstance(first, Unavailable) else 2)
    except* KeyboardInterrupt:
        sys.exit(130)
    except* BrokenPipeError:
        sys.stderr.close()


@app.command()
def demo(as_json: Json = False, lang: Lang = None) -> None:
    """Run made faults on a small plant through the whole chain; ends with what came of them."""
    from opsmith.app import runs
    from opsmith.app.tables import bar, show

    settings = _settings(lang)
    _tell_first_use(settings)
    with bar("demo", settings, quiet=as_json) as progress:
        outcome = runs.run_demo(settings, progress)
    if as_json:
        _print_json(outcome.as_json())
    else:
        show(outcome, settings)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV (, ; or tab) or JSON lines; .gz too.")],
    device: Annotated[
        str | None, typer.Option(help="Whose readings these are; else the file must say.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=CHANNEL or COLUMN=CHANNEL:UNIT; may be repeated."),
    ] = None,
    units: Annotated[
        list[str] | None,
        typer.Option("--unit", help="CHANNEL=UNIT of the file, such as pressure=bar."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of the time; `Date+Time` joins two.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Zone of times that name none.")] = "UTC",
    encoding: Annotated[str | None, typer.Option(help="Of the text; default: found out.")] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Run a recorded file through the whole chain, as if the readings came in now."""
    from opsmith.app import runs
    from opsmith.app.tables import bar, show, show_mapping
    from opsmith_ingest.mapping import MappingOptions
    from opsmith_ingest.replay import open_recording

    settings = _settings(lang)
    options = MappingOptions(
        maps=tuple(columns or ()),
        units=tuple(units or ()),
        time=time,
        zone=zone,
        encoding=encoding,
    )
    recording = open_recording(file, device, options)
    _tell_first_use(settings)
    if not as_json:
        show_mapping(recording, settings)
    with bar(file.name, settings, quiet=as_json) as progress:
        outcome = runs.run_replay(settings, recording, progress)
    if as_json:
        _print_json(outcome.as_json())
    else:
        show(outcome, settings, recording)


@app.command()
def serve(
    source: Annotated[
        str,
        typer.Option(
            help="`simulator`, a recorded file to play again and again,"
            " or `none`: what comes by Kafka."
        ),
    ] = "simulator",
    device: Annotated[str | None, typer.Option(help="Whose readings the file has.")] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="Of a file: 1 is real.")] = 1.0,
    host: Annotated[
        str, typer.Option(help="Address of /health, /ready, /metrics, /mcp, /chat.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8321,
    with_mcp: Annotated[
        bool | None,
        typer.Option(
            "--mcp/--no-mcp",
            help="MCP under /mcp; default: on, but not without keys"
            " where others reach the address.",
        ),
    ] = None,
    with_chat: Annotated[
        bool | None,
        typer.Option(
            "--chat/--no-chat",
            help="The chat under /chat; default: on where it is installed, but not without users"
            " where others reach the address.",
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="Stop after that long; default: never.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Keep everything running in one process until stopped."""
    from opsmith.app.serving import run_serve
    from opsmith.app.sources import Origin

    settings = _settings(lang)
    origin = Origin(source, device, speed)
    _tell_first_use(settings)
    run_serve(settings, origin, host, port, seconds, with_mcp=with_mcp, with_chat=with_chat)


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address of the page.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8322,
    lang: Lang = None,
) -> None:
    """Serve the chat page."""
    from opsmith.app.chat_page import run_chat

    run_chat(_settings(lang), host, port)


@app.command()
def tui(
    url: Annotated[
        str, typer.Option(help="Of an `opsmith serve`, such as http://127.0.0.1:8321.")
    ] = "",
    key: Annotated[
        str, typer.Option(envvar="OPSMITH_KEY", help="Of `opsmith keys`, for the URL.")
    ] = "",
    room: Annotated[str, typer.Option(help="The first to be seen, such as overview.")] = "alerts",
    screenshot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it as SVG instead, and end.")
    ] = None,
    size: Annotated[str, typer.Option(help="Of the screenshot: columns x rows.")] = "140x40",
    press: Annotated[
        str, typer.Option(help="Keys before the screenshot, such as 'down enter'.")
    ] = "",
    lang: Lang = None,
) -> None:
    """Open the operator's console, on the plant of this machine or on one elsewhere."""
    from opsmith.app.console import console_on

    with console_on(_settings(lang), url, key, room) as console:
        if screenshot is None:
            # To look through all that was loaded for garbage takes longer than a key may.
            console.loaded = gc.freeze
            console.run()
        else:
            from opsmith.app.tui_picture import draw, size_of

            draw(console, screenshot, size_of(size), press.split())


@app.command()
def top(
    url: Annotated[
        str, typer.Option(help="Of an `opsmith serve`, such as http://127.0.0.1:8321.")
    ] = "",
    key: Annotated[
        str, typer.Option(envvar="OPSMITH_KEY", help="Of `opsmith keys`, for the URL.")
    ] = "",
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Print the plant in one plain frame; exit code 1 where something did not answer."""
    from opsmith.app.top import run_top
    from opsmith.app.top_frame import frame

    settings = _settings(lang)
    found = run_top(settings, url, key)
    if as_json:
        _print_json(found.model_dump(mode="json"))
    else:
        typer.echo(frame(found, settings.language))
    if not found.is_whole:
        raise typer.Exit(1)


@app.command()
def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(help="In English or Chinese; none: a conversation in the terminal."),
    ] = None,
    go_on: Annotated[
        bool, typer.Option("--continue", "-c", help="Go on with the conversation before.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Forget the conversation before.")] = (
        False
    ),
    yes: Annotated[
        bool, typer.Option("--yes", help="Confirm a proposed change without asking.")
    ] = False,
    lang: Lang = None,
) -> None:
    """Ask about a device, an alert, an order; the tools that were called are shown."""
    from opsmith.app.asking import Asking, run_ask

    settings = _settings(lang)
    asking = Asking(
        " ".join(question or ()), settings.language if lang else None, go_on, forget, yes
    )
    if not run_ask(settings, asking):
        raise typer.Exit(1)


@app.command()
def report(
    trace_id: Annotated[str, typer.Argument(help="Of the alert, such as AL-20260228-...")],
    version: Annotated[int | None, typer.Option(min=1, help="Default: the newest.")] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="text|markdown|html", help="Default: as --out ends."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File; of html by default TRACE_ID.html, - prints it.")
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Print an alert's report with its evidence, or write it as Markdown or as a page."""
    from opsmith.app.reporting import form_of, json_of, run_report

    settings = _settings(lang)
    chosen = form_of(form, out)
    if as_json:
        _print_json(json_of(settings, trace_id, version))
    else:
        run_report(settings, trace_id, version, chosen, out)


@app.command()
def why(
    trace_id: Annotated[str, typer.Argument(help="Of the alert, such as AL-20260228-...")],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Say why an alert was told or held back, until when, and what would bring it out."""
    from opsmith.app.bootstrap import open_plant
    from opsmith.app.questions import show_why, why_json

    with open_plant(_settings(lang)) as plant:
        if as_json:
            _print_json(why_json(plant, trace_id))
        else:
            show_why(plant, trace_id)


@app.command("try")
def try_(
    false_alerts: Annotated[
        float, typer.Option(min=0.001, max=100, help="Accepted per device and week.")
    ],
    device: Annotated[str | None, typer.Option(help="Default: every device.")] = None,
    days: Annotated[float, typer.Option(min=0.01, max=365, help="How far back.")] = 7,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Say what another setting would have done to the alerts of the last days; changes nothing."""
    from opsmith.app.bootstrap import open_plant
    from opsmith.app.questions import show_trial, trial_json, trial_of

    settings = _settings(lang)
    with open_plant(settings) as plant:
        trial = trial_of(plant, false_alerts, device, days, quiet=as_json)
    if as_json:
        _print_json(trial_json(trial, settings))
    else:
        show_trial(trial, settings)


@app.command()
def plot(
    file: Annotated[
        Path | None,
        typer.Argument(help="A recorded file; else the stored readings of the device."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="Of whom.")] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=100_000, help="Draw the last hours only.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Draw from this time on, such as 2026-02-28T12:00.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, .svg or .html; default: DEVICE.svg.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=CHANNEL or COLUMN=CHANNEL:UNIT; may be repeated."),
    ] = None,
    units: Annotated[
        list[str] | None,
        typer.Option("--unit", help="CHANNEL=UNIT of the file, such as pressure=bar."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of the file's time; `Date+Time` joins two.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Zone of the file's times that name none.")] = "UTC",
    encoding: Annotated[str | None, typer.Option(help="Of the text; default: found out.")] = None,
    lang: Lang = None,
) -> None:
    """Draw a device's run: readings, what was expected, the score, the alerts."""
    from opsmith.app.plot import plot_recording, plot_stored

    settings = _settings(lang)
    if hours is not None and since is not None:
        raise BadInput("Give --hours or --since, not both")
    if file is None:
        if device is None:
            raise BadInput("Name whose readings are to be drawn with --device, or a file")
        typer.echo(plot_stored(settings, device, hours, since, out))
        return
    from opsmith_ingest.mapping import MappingOptions
    from opsmith_ingest.replay import open_recording

    options = MappingOptions(
        maps=tuple(columns or ()),
        units=tuple(units or ()),
        time=time,
        zone=zone,
        encoding=encoding,
    )
    recording = open_recording(file, device, options)
    typer.echo(plot_recording(settings, recording, device, hours, since, out))


@app.command()
def score(
    model: Annotated[
        str | None,
        typer.Option(help="Learned by `opsmith train rul`; NAME@3 for a version. Default: none."),
    ] = None,
) -> None:
    """Answer JSON readings on standard input with one verdict line each."""
    from opsmith.app.score import score as run
    from opsmith.app.training import load_rul

    settings = load_settings()
    learned = None if model is None else load_rul(settings, model)[1]
    run(sys.stdin.buffer, sys.stdout, settings.false_alerts, learned)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is configured, what answers, and what to do about the rest."""
    from opsmith.app.doctor import examine
    from opsmith.app.tables import show_findings

    findings = examine(_settings(None))
    if as_json:
        _print_json({"findings": [finding.model_dump(mode="json") for finding in findings]})
    else:
        show_findings(findings)
    if any(finding.state == "fails" for finding in findings):
        raise typer.Exit(1)


def _first(group: BaseExceptionGroup[OpsmithError]) -> OpsmithError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


if __name__ == "__main__":
    main()
