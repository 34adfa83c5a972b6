"""`opsmith mcp`: the plant's tools for MCP clients, over stdio or HTTP."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from opsmith.app.cli_common import settings_of


class _ServesElse(TyperGroup):
    """A group of commands whose unnamed one serves."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what names no command for the names of servers."""
        if not args or args[0] not in (*self.commands, "--help"):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ServesElse,
    help="Give the plant's tools to MCP clients: `opsmith mcp [GROUP...] [--http HOST:PORT]`.",
    no_args_is_help=False,
)


@app.command()
def serve(
    groups: Annotated[
        list[str] | None,
        typer.Argument(help="Over stdio: some of the servers; default: all."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="All servers over streamable HTTP instead, such as 127.0.0.1:8323.",
        ),
    ] = None,
) -> None:
    """Serve over stdio, the default, or over HTTP until stopped."""
    settings = settings_of()
    if http is not None:
        from opsmith.app.mcp_http import run_http

        if groups:
            raise typer.BadParameter("over HTTP each has its path, /mcp/GROUP", param_hint="GROUP")
        run_http(settings, http)
        return
    from opsmith.app.mcp_stdio import run_stdio

    run_stdio(settings, groups or ())


@app.command()
def install(
    client: Annotated[str, typer.Argument(help="Such as claude-desktop; --print knows others.")],
    groups: Annotated[
        list[str] | None, typer.Argument(help="Some of the servers; default: all.")
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Show it; change no file. Other clients always.")
    ] = False,
    write_tools: Annotated[
        bool, typer.Option("--write-tools", help="Enable the tools that write.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Of `opsmith mcp --http`, for clients that connect.")
    ] = None,
) -> None:
    """Write or print a client's configuration."""
    from opsmith.app.mcp_install import install as into

    typer.echo(into(client, print_only, groups or (), write_tools=write_tools, url=url))
