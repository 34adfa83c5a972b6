"""What is run in containers: compose.yaml, the Dockerfile, the template of compose's .env."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import typer
import yaml
from servers import CACHE, missing

from opsmith.app.cli import app
from opsmith.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
MODEL: dict[str, Any] = yaml.safe_load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = MODEL["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRET = re.compile(r"PASSWORD|TOKEN|API_KEY|SECRET|_URL$")


def test_the_compose_file_is_one_by_the_specification() -> None:
    schema = CACHE / "compose-spec" / "compose-spec.json"
    if not schema.is_file():
        missing("The schema of compose files", "`.ci/servers` fetches it, with Go")
    validator = jsonschema_rs.validator_for(json.loads(schema.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(MODEL)] == []
    broken = {"services": {"kafka": {"image": 3}}}
    assert not validator.is_valid(broken)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_watched_bounded_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert service["restart"] == "unless-stopped"
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["logging"]["options"]["max-size"]
    # The image's own look serves for ours.
    assert name in OURS or service["healthcheck"]["test"]
    assert re.fullmatch(r"[\w./-]+:\d[\w.]*", service["image"]), "pinned"
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", OURS)
def test_what_is_ours_has_no_rights_and_waits_for_the_servers(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    waits = {server: how["condition"] for server, how in service["depends_on"].items()}
    servers = ("mysql", "kafka", "influxdb", "redis")
    assert waits == dict.fromkeys(servers, "service_healthy")
    assert "container_name" not in service, "it could not be scaled"


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_compose_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        # What is left once variables are taken out must be no secret.
        rest = VARIABLE.sub("", str(value))
        if re.search(r"PASSWORD|TOKEN|API_KEY|SECRET|REDISCLI_AUTH", variable):
            assert rest == "", variable
        assert not re.search(r":[^@/:\s]+@", rest), variable


def test_a_secret_that_is_not_set_stops_the_start_and_says_so() -> None:
    used = {name: (how, text) for name, how, text in VARIABLE.findall(COMPOSE)}
    secrets = {name for name in used if SECRET.search(name) and not name.startswith("OPSMITH_")}
    assert secrets == {
        "MYSQL_PASSWORD",
        "MYSQL_ROOT_PASSWORD",
        "INFLUX_PASSWORD",
        "INFLUX_TOKEN",
        "REDIS_PASSWORD",
    }
    assert {used[name] for name in secrets} == {("?", "set it in .env")}
    template = (ROOT / "deploy.env.example").read_text(encoding="utf-8")
    offered = dict(re.findall(r"^(\w+)=(.*)$", template, re.MULTILINE))
    assert offered.keys() == used.keys()
    for name, (how, default) in used.items():
        assert offered[name] == ("" if how == "?" else default), name


@pytest.mark.parametrize("name", OURS)
def test_each_setting_in_the_compose_file_is_one_of_ours(name: str) -> None:
    known = {f"OPSMITH_{field.upper()}" for field in Settings.model_fields}
    given = {one for one in OURS[name]["environment"] if one.startswith("OPSMITH_")}
    assert given and given <= known
    in_image = set(re.findall(r"\b(OPSMITH_\w+)=", DOCKERFILE))
    assert in_image and in_image <= known


def _understood(arguments: list[str]) -> None:
    """Parse a command line as the command does, without running it. Raises where it cannot."""
    command: Any = typer.main.get_command(app)
    context: Any = None
    rest = list(arguments)
    while True:
        context = command.make_context(command.name, list(rest), parent=context)
        if not hasattr(command, "commands"):
            return
        # A group keeps the name of its command apart from what follows.
        rest = [*context._protected_args, *context.args]
        command = command.commands[rest.pop(0)]


@pytest.mark.parametrize("name", OURS)
def test_each_command_in_the_compose_file_is_understood(name: str) -> None:
    _understood(OURS[name]["command"])


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        _understood(["worker", "ingest", "--hosts", "0.0.0.0"])


def test_the_image_runs_as_nobody_special_and_has_no_build_tools() -> None:
    stages = re.split(r"^FROM .*$", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    last = stages[-1]
    assert re.search(r"^USER opsmith$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert not re.search(r"\b(pip|uv|apt-get|gcc)\b", last)
    command = re.search(r"^CMD (\[\"serve.*\])$", last, re.MULTILINE)
    assert command is not None
    _understood(json.loads(command[1]))


def test_what_the_image_is_built_from_is_let_in_and_nothing_secret() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in let_in)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"packages = \[(.*?)\]", project, re.DOTALL)
    assert packages is not None
    folders = {name.split("/")[0] for name in re.findall(r'"([^"]+)"', packages[1])}
    assert let_in == folders | {"pyproject.toml", "requirements.lock", "README.md", "LICENSE"}
    assert "**/.env" in lines
