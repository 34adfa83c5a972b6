"""Bad input at the command: one line that names it and the way out, exit code 2."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from embeddings import SIZE, EmbeddingScript
from llm_server import LlmServer, Script, able, always, fails
from llm_server import says as says_words

from opsmith.settings import env_example


def opsmith(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
    )


CSV = "time,temperature\n2026-03-01T00:00:00Z,40.0\n2026-03-01T00:00:01Z,40.1\n"


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        (None, [], "No file"),
        (b"\x00\x01\x02\xff\xfe" * 400, [], "binary"),
        (b"", [], "empty"),
        (b"a,b\n1,2\n3,4\n", [], "--time"),
        (CSV.encode(), ["--unit", "temperature=parsec"], "parsec"),
        (CSV.encode(), ["--unit", "temprature=K"], "'temprature' of --unit"),
        (CSV.encode(), ["--zone", "Mars/Olympus"], "Mars/Olympus"),
        (CSV.replace("2026", "soon").encode(), [], "time"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_named_and_nothing_is_written(
    content: bytes | None, arguments: list[str], says: str, tmp_path: Path
) -> None:
    file = tmp_path / "pump.csv"
    if content is not None:
        file.write_bytes(content)
    data = tmp_path / "data"
    ran = opsmith(
        "replay", str(file), "--device", "PUMP_01", *arguments, OPSMITH_DATA_DIR=str(data)
    )
    assert ran.returncode == 2, ran.stderr
    assert says.lower() in ran.stderr.lower()
    assert len(ran.stderr.strip().splitlines()) == 1
    assert ran.stdout == ""
    assert not data.exists()


def test_a_data_folder_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    ran = opsmith("demo", "--json", OPSMITH_DATA_DIR=str(tmp_path / "data"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "OPSMITH_DATA_DIR" in ran.stderr and len(ran.stderr.strip().splitlines()) == 1


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "opsmith.db").write_bytes(b"no database" * 100)
    ran = opsmith("demo", "--json", OPSMITH_DATA_DIR=str(tmp_path))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "opsmith.db" in ran.stderr and len(ran.stderr.strip().splitlines()) == 1
    assert (tmp_path / "opsmith.db").read_bytes() == b"no database" * 100


@pytest.mark.parametrize("command", ["serve", "chat"])
def test_a_port_in_use_is_named(command: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = opsmith(command, "--port", port, OPSMITH_DATA_DIR=str(tmp_path))
    assert ran.returncode == 2
    assert port in ran.stderr and "--port" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_a_replay_shows_the_units_it_read_and_the_rows_it_could_not(tmp_path: Path) -> None:
    file = tmp_path / "pump.csv"
    rows = [f"2026-03-01T00:00:{second:02}Z,2.0,0.2" for second in range(30)]
    rows.insert(5, "yesterday,2.0,0.2")
    file.write_text("\n".join(["time,pressure (bar),vibration (g)", *rows]), encoding="utf-8")
    ran = opsmith(
        "replay", str(file), "--device", "PUMP_01",
        OPSMITH_DATA_DIR=str(tmp_path / "data"), COLUMNS="120",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "pressure [bar]" in ran.stderr and "vibration [g]" in ran.stderr
    assert "line 7: time 'yesterday'" in ran.stdout
    assert "30 readings stored, 0 repeated, 1 dead letters" in ran.stdout


def test_an_id_that_is_not_known_is_told_once_and_without_a_log(tmp_path: Path) -> None:
    ran = opsmith("ask", "status of PUMP_99", OPSMITH_DATA_DIR=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "No device 'PUMP_99'" in ran.stdout


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    ran = opsmith("doctor", OPSMITH_TIMEZONE="Mars/Olympus", OPSMITH_DATA_DIR=str(tmp_path))
    assert ran.returncode == 2
    assert "OPSMITH_TIMEZONE" in ran.stderr and "Mars/Olympus" in ran.stderr


def test_an_unknown_report_is_named(tmp_path: Path) -> None:
    ran = opsmith("report", "AL-20260228-none", OPSMITH_DATA_DIR=str(tmp_path))
    assert ran.returncode == 2
    assert ran.stderr.strip() == "opsmith: No alert 'AL-20260228-none'"


def test_the_doctor_finds_an_embedded_plant_well(tmp_path: Path) -> None:
    ran = opsmith("doctor", OPSMITH_DATA_DIR=str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "failure modes" in ran.stdout


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"OPSMITH_LLM_PROVIDER": "zai"}, "OPSMITH_LLM_API_KEY"),
        ({"OPSMITH_LLM_BASE_URL": "127.0.0.1:8000"}, "OPSMITH_LLM_BASE_URL"),
        ({"OPSMITH_LLM_BASE_URL": "http://127.0.0.1:9/v1"}, "Nothing answers at 127.0.0.1:9"),
    ],
)
def test_the_doctor_finds_a_model_that_cannot_answer(
    environment: dict[str, str], says: str, tmp_path: Path
) -> None:
    model = {"OPSMITH_LLM_PROVIDER": "openai", "OPSMITH_LLM_MODEL": "qwen3", "COLUMNS": "200"}
    ran = opsmith("doctor", OPSMITH_DATA_DIR=str(tmp_path), **{**model, **environment})
    assert ran.returncode == 1, ran.stderr
    (line,) = (line for line in ran.stdout.splitlines() if line.startswith("LLM"))
    assert "fails" in line and says in line


@pytest.mark.parametrize(
    ("script", "state", "says"),
    [
        (EmbeddingScript(), "ok", f"answers with {SIZE} numbers a text"),
        (always(fails(503)), "fails", "answered HTTP 503"),
    ],
    ids=["answers", "fails"],
)
def test_the_doctor_says_whether_the_embedding_model_answers(
    script: Script, state: str, says: str, tmp_path: Path
) -> None:
    with LlmServer(script, probes=False) as server:
        ran = opsmith(
            "doctor",
            OPSMITH_DATA_DIR=str(tmp_path),
            OPSMITH_EMBEDDING_MODEL="letters",
            OPSMITH_EMBEDDING_BASE_URL=server.url,
            OPSMITH_EMBEDDING_API_KEY="sk-hidden",
            COLUMNS="200",
        )
    (line,) = (line for line in ran.stdout.splitlines() if line.startswith("embedding"))
    assert state in line and "letters at 127.0.0.1" in line and says in line
    assert "sk-hidden" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (able, "answers and calls tools"),
        (always(says_words('{"reading": 41.75}')), "evidence first: it called no tool"),
    ],
    ids=["tools", "evidence"],
)
def test_the_doctor_tries_out_what_a_model_can_do(
    script: Script, says: str, tmp_path: Path
) -> None:
    with LlmServer(script, probes=False) as server:
        environment = {
            "OPSMITH_DATA_DIR": str(tmp_path),
            "OPSMITH_LLM_MODEL": f"openai:qwen3@{server.url}",
            "OPSMITH_LLM_API_KEY": "sk-hidden",
            "COLUMNS": "200",
        }
        ran = opsmith("doctor", **environment)
    assert ran.returncode == 0, ran.stderr
    (line,) = (line for line in ran.stdout.splitlines() if line.startswith("LLM"))
    assert says in line and "qwen3 at 127.0.0.1" in line
    assert "sk-hidden" not in ran.stdout + ran.stderr


def test_the_example_of_settings_is_the_one_that_the_code_makes() -> None:
    written = Path(__file__).parents[2] / ".env.example"
    assert written.read_text(encoding="utf-8") == env_example()
