"""Real servers for tests, each on a free port with a folder of its own; they can be killed."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

PATIENCE = 90.0
"""Seconds that a server has to answer."""

CACHE = Path(os.environ.get("OPSMITH_CI_CACHE", Path.home() / ".cache" / "opsmith-ci"))
"""Where `.ci/servers` puts what no package manager of the system has."""


def missing(what: str, way_out: str) -> str:
    """A server cannot be had: in CI a failure, on a user's machine a skip that says what to do."""
    text = f"{what} is not there; {way_out}"
    if os.environ.get("OPSMITH_CI"):
        pytest.fail(text)
    pytest.skip(text)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Where a test run is killed, nothing of it stays (Linux alone)."""
    with contextlib.suppress(OSError, AttributeError):
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


class Server:
    """A server process, with a port that stays the same over restarts.

    Args:
        folder: Its data and its log; it is made anew.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        self.prepare()

    def prepare(self) -> None:
        """Make the data folder ready, once."""

    def command(self) -> Sequence[str]:
        """What runs it."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Variables that it gets beside ours."""
        return {}

    def answers(self) -> bool:
        """Whether it takes requests."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and return once it answers."""
        assert self._process is None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                preexec_fn=_die_with_parent,
            )
        end = time.monotonic() + PATIENCE
        while not self.answers():
            assert self._process.poll() is None, self._said()
            assert time.monotonic() < end, self._said()
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs."""
        if self._process is None:
            return
        self._process.send_signal(how)
        # One that is paused would take no other signal.
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
        self._process = None

    def kill(self) -> None:
        """End it without a warning."""
        self.stop(signal.SIGKILL)

    def _said(self) -> str:
        text = (self.folder / "log").read_text(errors="replace")
        return f"{self.name} did not come up:\n{text[-3000:]}"


def _connects(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Kafka(Server):
    """Apache Kafka, one node without ZooKeeper."""

    name = "Kafka"

    @property
    def url(self) -> str:
        """As `OPSMITH_KAFKA_SERVERS` takes it."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write its settings and format its folder."""
        self._libs = CACHE / "kafka" / "libs"
        if not shutil.which("java") or not self._libs.is_dir():
            missing("Apache Kafka", "`.ci/servers` fetches it, with Java 17 and Maven")
        controller = free_port()
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 3,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 500,
            "message.max.bytes": 2_000_000,
            # A broker that was killed is let in again once its old session has run out.
            "broker.session.timeout.ms": 1_500,
            "broker.heartbeat.interval.ms": 300,
        }
        self._settings = self.folder / "server.properties"
        self._settings.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        subprocess.run(
            [*self._java("-Xmx128m"), "kafka.tools.StorageTool", "format"]
            + ["-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(self._settings)],
            check=True,
            capture_output=True,
        )

    def _java(self, *options: str) -> list[str]:
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        return ["java", *options, *quick, "-cp", f"{self._libs}/*"]

    def command(self) -> Sequence[str]:
        """See `Server`."""
        return [*self._java("-Xmx512m", "-Xms256m"), "kafka.Kafka", str(self._settings)]

    def answers(self) -> bool:
        """See `Server`."""
        if not _connects(self.port):
            return False
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        with contextlib.suppress(KafkaException):
            admin = AdminClient({"bootstrap.servers": self.url, "log_level": 0})
            return bool(admin.list_topics(timeout=2).brokers)
        return False


class Mariadb(Server):
    """MariaDB, which speaks MySQL's protocol."""

    name = "MariaDB"

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}"

    def make(self, database: str) -> str:
        """Make an empty database; its URL."""
        import pymysql

        with pymysql.connect(host="127.0.0.1", port=self.port, user="root") as connection:
            connection.cursor().execute(f"CREATE DATABASE `{database}`")
        return self.url(database)

    def prepare(self) -> None:
        """Make its system tables."""
        if not shutil.which("mariadbd"):
            missing("MariaDB", "apt-get install mariadb-server")
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}"]
            + ["--user=root", "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
        )

    def command(self) -> Sequence[str]:
        """See `Server`."""
        return [
            "mariadbd",
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 's'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--user=root",
            "--skip-name-resolve",
            "--max-connections=500",
            "--max-allowed-packet=64M",
        ]

    def answers(self) -> bool:
        """See `Server`."""
        import pymysql

        with contextlib.suppress(pymysql.err.MySQLError, OSError):
            pymysql.connect(
                host="127.0.0.1", port=self.port, user="root", connect_timeout=2
            ).close()
            return True
        return False


class Redis(Server):
    """Redis."""

    name = "Redis"

    @property
    def url(self) -> str:
        """As `OPSMITH_REDIS_URL` takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """See `Server`."""
        if not shutil.which("redis-server"):
            missing("Redis", "apt-get install redis-server")

    def command(self) -> Sequence[str]:
        """See `Server`."""
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"] + [
            *("--save", ""),
            *("--appendonly", "no"),
        ]

    def answers(self) -> bool:
        """See `Server`."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 1) as connection,
        ):
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


class Influx(Server):
    """InfluxDB 1.8."""

    name = "InfluxDB"

    @property
    def url(self) -> str:
        """As `OPSMITH_INFLUX_URL` takes it."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write its settings."""
        self._binary = CACHE / "influxdb" / "influxd"
        if not self._binary.is_file():
            missing("InfluxDB", "`.ci/servers` builds it with Go")
        data = self.folder / "data"
        (self.folder / "influxdb.conf").write_text(
            f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{free_port()}"
            [meta]
            dir = "{data}/meta"
            [data]
            dir = "{data}/data"
            wal-dir = "{data}/wal"
            series-id-set-cache-size = 100
            query-log-enabled = false
            [http]
            bind-address = "127.0.0.1:{self.port}"
            log-enabled = false
            [monitor]
            store-enabled = false
            [logging]
            level = "warn"
            """
        )

    def command(self) -> Sequence[str]:
        """See `Server`."""
        return [str(self._binary), "-config", str(self.folder / "influxdb.conf")]

    def answers(self) -> bool:
        """See `Server`."""
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer,
        ):
            return answer.status == 204
        return False


def main() -> None:
    """Run all four until Ctrl-C, for a plant by hand; what opsmith has to be told is printed."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="opsmith-servers-"))
        kafka, mariadb, redis, influx = servers = (
            Kafka(Path(folder, "kafka")),
            Mariadb(Path(folder, "mariadb")),
            Redis(Path(folder, "redis")),
            Influx(Path(folder, "influx")),
        )
        for server in servers:
            stack.callback(server.stop)
            server.start()
        told = {
            "DATABASE_URL": mariadb.make("opsmith"),
            "KAFKA_SERVERS": kafka.url,
            "INFLUX_URL": influx.url,
            "REDIS_URL": redis.url,
        }
        lines = [f"export OPSMITH_{name}='{value}'" for name, value in told.items()]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        sys.stderr.write("The servers run; Ctrl-C stops them, and what they hold is gone\n")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    try:
        main()
    except pytest.skip.Exception as error:
        sys.exit(str(error))
