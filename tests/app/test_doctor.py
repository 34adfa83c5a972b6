"""The doctor on real servers, and where nothing answers."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pymysql
import pytest
from servers import Influx, Kafka, Mariadb, Redis, free_port

from opsmith.app.doctor import examine
from opsmith.app.findings import Finding
from opsmith.bus.kafka import KafkaBus
from opsmith.domain.events import RAW
from opsmith.settings import Settings

SERVERS = ("tables", "series", "bus", "cooldown")


def findings(folder: Path, **given: Any) -> Mapping[str, Finding]:
    return {found.part: found for found in examine(Settings(data_dir=folder, **given))}


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("OPSMITH_") and name != "OPSMITH_CI":
            monkeypatch.delenv(name)
    # A checkout may have an `.env`.
    monkeypatch.chdir(tmp_path)


def test_it_says_version_and_state_of_each_server(
    kafka: Kafka, mariadb: Mariadb, redis: Redis, influx: Influx, tmp_path: Path
) -> None:
    found = findings(
        tmp_path,
        database_url=mariadb.make("doctor"),
        kafka_servers=kafka.url,
        influx_url=influx.url,
        influx_bucket="doctor",
        redis_url=redis.url,
    )
    assert {part: found[part].state for part in SERVERS} == dict.fromkeys(SERVERS, "ok")
    assert "MariaDB 1" in found["database"].says
    assert found["database rights"].state == "ok"
    assert "version 1.8" in found["series"].says
    assert "1 broker" in found["bus"].says
    assert "Redis " in found["cooldown"].says


def test_it_tells_how_long_influxdb_keeps_what(influx: Influx, tmp_path: Path) -> None:
    from opsmith.storage.series_influx import InfluxSeriesStore

    given = {"influx_url": influx.url, "influx_bucket": "doctor_kept"}
    before = findings(tmp_path, **given)["series"]
    assert "empty" in before.says and "retention policies" in before.advice
    InfluxSeriesStore(influx.url, bucket="doctor_kept", raw_days=90, aggregate_days=365).close()
    after = findings(tmp_path, **given)["series"]
    # The server keeps two days more than what is asked for.
    assert "sensor_raw 92 d" in after.says and "sensor_agg_1m 367 d" in after.says
    assert "history for ever" in after.says and not after.advice


def test_it_tells_topics_and_how_far_a_stage_is_behind(kafka: Kafka, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, kafka_servers=kafka.url, kafka_partitions=2)

    async def publish() -> None:
        bus = KafkaBus(settings)
        await bus.publish(RAW, [(f"PUMP_{number}", b"{}") for number in range(7)])
        await bus.close()

    before = {found.part: found for found in examine(settings)}
    waiting = before["group ingest"].says if "group ingest" in before else "0 messages wait"
    asyncio.run(publish())
    after = {found.part: found for found in examine(settings)}
    assert f"{RAW} x" in after["topics"].says or "group ingest" in after
    more = _messages(after["group ingest"].says) - _messages(waiting)
    assert more == 7
    assert "opsmith worker ingest" in after["group ingest"].advice


def _messages(says: str) -> int:
    return int(says.split(" messages wait")[0].rsplit(" ", 1)[-1])


def test_it_names_the_rights_that_a_user_lacks(mariadb: Mariadb, tmp_path: Path) -> None:
    url = mariadb.make("doctor_rights")
    findings(tmp_path, database_url=url)
    with pymysql.connect(host="127.0.0.1", port=mariadb.port, user="root") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE USER clerk@'%' IDENTIFIED BY 'sesame-4711'")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON `doctor_rights`.* TO clerk@'%'")
    mine = f"mysql+pymysql://clerk:sesame-4711@127.0.0.1:{mariadb.port}/doctor_rights"
    found = findings(tmp_path, database_url=mine)
    assert found["tables"].state == "ok"
    rights = found["database rights"]
    assert rights.state == "fails"
    assert rights.advice == (
        "GRANT CREATE, ALTER, INDEX, DROP, REFERENCES ON `doctor_rights`.* TO the user"
    )
    assert "sesame" not in str(found)


def test_one_that_is_down_does_not_hide_the_others(
    mariadb: Mariadb, redis: Redis, tmp_path: Path
) -> None:
    found = findings(
        tmp_path,
        database_url=mariadb.make("doctor_alone"),
        kafka_servers=f"127.0.0.1:{free_port()}",
        influx_url=f"http://127.0.0.1:{free_port()}",
        redis_url=redis.url,
    )
    states = {part: found[part].state for part in SERVERS}
    assert states == {"tables": "ok", "series": "fails", "bus": "fails", "cooldown": "ok"}
    assert found["knowledge"].state == "ok"


def test_where_nothing_listens_each_is_named_without_its_password(tmp_path: Path) -> None:
    ports = [free_port() for _ in SERVERS]
    began = time.monotonic()
    found = findings(
        tmp_path,
        database_url=f"mysql+pymysql://opsmith:sesame-1@127.0.0.1:{ports[0]}/opsmith",
        influx_url=f"http://127.0.0.1:{ports[1]}",
        influx_token="sesame-2",
        kafka_servers=f"127.0.0.1:{ports[2]}",
        kafka_security="SASL_PLAINTEXT",
        kafka_user="opsmith",
        kafka_password="sesame-3",
        redis_url=f"redis://:sesame-4@127.0.0.1:{ports[3]}/0",
    )
    assert time.monotonic() - began < 30
    for part, port in zip(SERVERS, ports, strict=True):
        assert found[part].state == "fails" and f"127.0.0.1:{port}" in found[part].says
        assert found[part].advice.startswith("start it, or correct OPSMITH_")
    assert "sesame" not in str(found)


def test_credentials_that_are_refused_are_told_from_silence(redis: Redis, tmp_path: Path) -> None:
    found = findings(tmp_path, redis_url=redis.url.replace("//", "//:sesame@"))["cooldown"]
    assert found.state == "fails" and "OPSMITH_REDIS_URL" in found.says
    assert "sesame" not in str(found)
