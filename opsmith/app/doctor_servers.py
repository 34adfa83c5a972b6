"""What the doctor sees of the stores' servers: version, rights, how long they keep what."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url, text

from opsmith.app.findings import PATIENCE, Finding
from opsmith.settings import Settings
from opsmith.storage.database import Database

if TYPE_CHECKING:
    from opsmith.storage.series_influx_server import InfluxServer

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "DROP", "REFERENCES")
"""What the user of the tables needs on its database."""


def look_at_tables(database: Database) -> Iterator[Finding]:
    """The database server and its rights; nothing for SQLite, which has neither.

    Raises:
        Unavailable: It went away meanwhile.
    """
    if make_url(database.url).get_backend_name() == "sqlite":
        return
    with database.read() as connection:
        version, packet, name = connection.execute(
            text("select version(), @@max_allowed_packet, database()")
        ).one()
        grants = [str(row[0]) for row in connection.execute(text("show grants")).all()]
    kind = "MariaDB" if "mariadb" in str(version).lower() else "MySQL"
    small = int(packet) < 16 << 20
    yield Finding(
        part="database",
        state="ok",
        says=f"{kind} {version}; packets of {int(packet) >> 20} MB at most",
        advice="set its max_allowed_packet to 64M" if small else "",
    )
    missing = _missing_rights(grants, str(name))
    if missing:
        yield Finding(
            part="database rights",
            state="fails",
            says=f"the user lacks {', '.join(missing)} on {name}",
            advice=f"GRANT {', '.join(missing)} ON `{name}`.* TO the user",
        )
    elif missing is not None:
        says = f"the user may do on {name} what opsmith needs"
        yield Finding(part="database rights", state="ok", says=says)


def _missing_rights(grants: list[str], name: str) -> list[str] | None:
    """What SHOW GRANTS does not give on the database; None where roles may give it."""
    scopes = ("*.*", f"`{name}`.*", f"`{name.replace('_', chr(92) + '_')}`.*")
    given: set[str] = set()
    for grant in grants:
        head, on, scope = grant.removeprefix("GRANT ").partition(" ON ")
        if not on:
            return None
        if scope.startswith(scopes):
            given |= {right.strip() for right in head.split(",")}
    if given & {"ALL PRIVILEGES", "ALL"}:
        return []
    return [right for right in RIGHTS if right not in given]


def look_at_redis(url: str) -> Iterator[Finding]:
    """Redis: version, memory, rights.

    Raises:
        BadInput: The URL cannot be used, the driver is not installed, or a right is missing.
        Unavailable: It does not answer.
    """
    from opsmith.storage.redis_client import RedisClient

    client = RedisClient(url)
    try:
        with client.translated():
            client.raw.ping()
            facts: Mapping[str, Any] = client.raw.info()
            # What a claim and a wake-up do, on names of the doctor's own.
            client.raw.eval("return redis.call('PEXPIRE', KEYS[1], 1)", 1, "opsmith:doctor")
            client.raw.publish(f"opsmith:{client.number}:wake", "")
    finally:
        client.close()
    most = int(facts.get("maxmemory", 0))
    policy = str(facts.get("maxmemory_policy", "unknown"))
    bound = f"{most >> 20} MB at most, {policy}" if most else "no bound of memory"
    full = most > 0 and policy == "noeviction"
    yield Finding(
        part="cooldown",
        state="ok",
        says=f"Redis {facts.get('redis_version', '?')} at {client.where}, database {client.number};"
        f" {int(facts.get('used_memory', 0)) / 1e6:.1f} MB used, {bound}",
        advice="maxmemory-policy volatile-ttl: with noeviction it refuses claims once it is full"
        if full
        else "",
    )


def look_at_influx(settings: Settings) -> Iterator[Finding]:
    """InfluxDB: version, and how long it keeps what.

    Raises:
        BadInput: The URL or the token cannot be used, or the driver is not installed.
        Unavailable: It does not answer.
    """
    from opsmith.storage.series_influx_server import InfluxServer

    server = InfluxServer(
        settings.influx_url,
        settings.influx_token.get_secret_value(),
        settings.influx_org,
        settings.influx_bucket,
        PATIENCE,
    )
    try:
        headers, _ = server.request("GET", "/ping")
        version = headers.get("X-Influxdb-Version", "unknown").removeprefix("v")
        newer = version.startswith("2")
        kept = _buckets(server) if newer else _policies(server)
    finally:
        server.close()
    told = ", ".join(f"{name} {_days(seconds)}" for name, seconds in sorted(kept.items()))
    right = "make buckets" if newer else "make databases and retention policies"
    yield Finding(
        part="series",
        state="ok",
        says=f"{server.place}, version {version}; " + (f"keeps {told}" if told else "empty"),
        advice="" if told else f"the first worker prepares it; its user has to be let {right}",
    )


def _buckets(server: "InfluxServer") -> dict[str, int]:
    """Seconds for which each bucket of ours is kept; 0: for ever."""
    query = {"org": server.org, "limit": "100"}
    _, body = server.request("GET", "/api/v2/buckets", query)
    return {
        bucket["name"]: sum(int(rule["everySeconds"]) for rule in bucket["retentionRules"])
        for bucket in json.loads(body)["buckets"]
        if bucket["name"].startswith(f"{server.database}/")
    }


def _policies(server: "InfluxServer") -> dict[str, int]:
    """The same of the retention policies of 1.8."""
    (found,) = server.ask("SHOW DATABASES", database=False)
    if not any([server.database] in series.values for series in found):
        return {}
    (found,) = server.ask(f'SHOW RETENTION POLICIES ON "{server.database}"', database=False)
    return {
        name: _seconds(duration)
        for series in found
        for name, duration in zip(series.column("name"), series.column("duration"), strict=True)
        if name != "autogen"
    }


def _seconds(duration: str) -> int:
    """Seconds of a duration as 1.8 writes it: 2208h0m0s, or 0s for ever."""
    hours, unit, _ = duration.partition("h")
    return int(hours) * 3600 if unit else 0


def _days(seconds: int) -> str:
    return f"{seconds / 86_400:g} d" if seconds else "for ever"
