"""`opsmith worker`: one stage, beside as many others as the partitions bear."""

from typing import Annotated, Literal

import typer

from opsmith.app.cli_common import Lang, settings_of, tell_first_use

worker_app = typer.Typer(
    help="Run one stage beside others, which share the work by Kafka.", no_args_is_help=True
)

Host = Annotated[str, typer.Option(help="Address of /health, /ready and /metrics.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")]
Seconds = Annotated[float | None, typer.Option(min=0, help="Stop after that long; default: never.")]


@worker_app.command()
def ingest(
    host: Host = "127.0.0.1", port: Port = 0, seconds: Seconds = None, lang: Lang = None
) -> None:
    """Take readings: store them, judge them, raise alerts."""
    _work("ingest", host, port, seconds, lang)


@worker_app.command()
def respond(
    host: Host = "127.0.0.1", port: Port = 0, seconds: Seconds = None, lang: Lang = None
) -> None:
    """Take alerts: diagnose them, decide, write reports and work orders."""
    _work("respond", host, port, seconds, lang)


@worker_app.command()
def source(
    source: Annotated[
        str, typer.Option(help="`simulator`, or a recorded file to play again and again.")
    ] = "simulator",
    device: Annotated[str | None, typer.Option(help="Whose readings the file has.")] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="Of a file: 1 is real.")] = 1.0,
    seconds: Seconds = None,
    lang: Lang = None,
) -> None:
    """Publish readings to Kafka, for a plant without collectors."""
    from opsmith.app.sources import Origin
    from opsmith.app.working import needs_kafka, run_source

    settings = settings_of(lang)
    needs_kafka(settings)
    run_source(settings, Origin(source, device, speed), seconds)


def _work(
    part: Literal["ingest", "respond"],
    host: str,
    port: int,
    seconds: float | None,
    lang: str | None,
) -> None:
    from opsmith.app.working import needs_kafka, run_worker

    settings = settings_of(lang)
    needs_kafka(settings)
    tell_first_use(settings)
    run_worker(settings, (part,), host, port, seconds)
