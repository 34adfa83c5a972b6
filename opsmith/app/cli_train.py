"""The commands `opsmith train ...`: learn models, compare their versions, choose one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsmith.app.cli_common import Json
from opsmith.settings import load_settings

if TYPE_CHECKING:
    from opsmith.storage.models import Stored

train_app = typer.Typer(
    name="train", help="Learn models from recorded histories.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Of the model.")]


@train_app.command()
def rul(
    files: Annotated[
        list[Path],
        typer.Argument(help="Run-to-failure histories: CSV, or machine, cycle, settings, sensors."),
    ],
    name: Annotated[
        str, typer.Option(help="Of the model; a known one gets a new version.")
    ] = "rul",
    machine: Annotated[
        str | None, typer.Option(help="Column that says which machine; default: unit, device_id.")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="Channel that says how the machine is run; default: op*, setting*."),
    ] = None,
    activate: Annotated[
        bool, typer.Option(help="Use it at once; else the first version of a name stays active.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Learn the remaining life from machines that ran to failure."""
    from opsmith.app.training import model_store, train_rul

    settings = load_settings()

    def tell(done: int, of: int) -> None:
        if not as_json:
            typer.echo(f"fold {done} of {of}", err=True)

    stored = train_rul(settings, files, name, machine, condition, tell)
    if activate:
        stored = model_store(settings).activate(name, stored.version)
    _show([stored], as_json)


@train_app.command("list")
def list_(as_json: Json = False) -> None:
    """List the learned models and their versions."""
    from opsmith.app.training import model_store

    _show(model_store(load_settings()).list_all(), as_json)


@train_app.command()
def compare(name: Name, as_json: Json = False) -> None:
    """Compare the versions of a model by their backtests, the best first."""
    from opsmith.app.training import comparable, model_store

    all_of_them = model_store(load_settings()).list_all()
    _show(comparable([each for each in all_of_them if each.name == name]), as_json)


@train_app.command()
def activate(
    name: Name, version: Annotated[int, typer.Argument(min=1)], as_json: Json = False
) -> None:
    """Use a version from now on."""
    from opsmith.app.training import model_store

    _show([model_store(load_settings()).activate(name, version)], as_json)


@train_app.command()
def rollback(name: Name, as_json: Json = False) -> None:
    """Use again the version that was used before."""
    from opsmith.app.training import model_store

    _show([model_store(load_settings()).roll_back(name)], as_json)


def _show(stored: "list[Stored]", as_json: bool) -> None:
    if as_json:
        json.dump({"models": [_plain(each) for each in stored]}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    if not stored:
        typer.echo("No model; learn one with: opsmith train rul FILE...")
    for each in stored:
        backtest = each.about["backtest"]
        typer.echo(
            f"{each.name}@{each.version}{' (active)' if each.is_active else ''}: "
            f"{backtest['machines']} machines, {backtest['readings']} readings; on machines left "
            f"out RMSE {backtest['rmse']:.1f} readings, 80 % interval covers "
            f"{100 * backtest['coverage']:.0f} %; learned {each.about['made_at']}"
        )


def _plain(each: "Stored") -> dict[str, Any]:
    return {
        "name": each.name,
        "version": each.version,
        "active": each.is_active,
        **{key: each.about[key] for key in each.about if key != "features"},
        "features": len(each.about["features"]),
    }
