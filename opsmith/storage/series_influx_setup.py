"""What InfluxDB 2.x and 1.8 do each in its own way: places that forget, and deleting."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from opsmith.errors import BadInput
from opsmith.storage.series_influx_names import EVENTS, IMPORTED, LIVE, Table, encode
from opsmith.storage.series_influx_rows import of_device
from opsmith.storage.series_influx_server import EARLIEST, LATEST, InfluxServer, Refused, between

_SLACK = 2
"""Days that the server keeps more than `expire` does, which cuts exactly."""
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How long one place keeps its points."""

    name: str
    days: int | None
    """None: for ever."""

    @property
    def seconds(self) -> int:
        """0: for ever."""
        return 0 if self.days is None else (self.days + _SLACK) * _DAY

    @property
    def shard_seconds(self) -> int:
        """Of one file: what a server deletes at once."""
        return _DAY if self.days is not None and self.days <= 180 else 7 * _DAY


def policies(raw_days: int | None, aggregate_days: int | None) -> list[Policy]:
    """The places that there are."""
    return [
        Policy(LIVE.rows.policy, raw_days),
        Policy(LIVE.minutes.policy, aggregate_days),
        Policy(EVENTS.policy, aggregate_days),
        Policy(IMPORTED.rows.policy, None),
    ]


class Influx(InfluxServer):
    """A server of either version."""

    version: int = 1

    def prepare(self, wanted: list[Policy]) -> None:
        """Make the places that are missing; give the others the days that the settings say.

        Raises:
            BadInput: It is another version, or we may not.
            Unavailable: It does not answer.
        """
        self.version = self._version()
        if self.version == 1:
            self._make_policies(wanted)
        else:
            self._make_buckets(wanted)

    def delete(
        self, table: Table, device_id: str | None, start: int = EARLIEST, end: int = LATEST
    ) -> None:
        """Delete the points of a measurement in [start, end), µs since 1970 UTC."""
        if start >= end:
            return
        if self.version == 1:
            # Without the policy, which InfluxQL does not take here: no two share a measurement.
            device = f"{of_device(device_id)} AND " if device_id is not None else ""
            self.ask(f'DELETE FROM "{table.measurement}" WHERE {device}{between(start, end)}')
            return
        predicate = f'_measurement="{table.measurement}"'
        if device_id is not None:
            predicate += f' AND device_id="{encode(device_id)}"'
        self.request(
            "POST",
            "/api/v2/delete",
            {"org": self.org, "bucket": f"{self.database}/{table.policy}"},
            body={"start": _rfc(start), "stop": _rfc(end - 1), "predicate": predicate},
        )

    def _version(self) -> int:
        headers, _ = self.request("GET", "/ping")
        said = headers.get("X-Influxdb-Version", "")
        if found := re.match(r"v?(\d+)\.", said):
            version = int(found[1])
        else:
            # A server that was built without a version: only 2.x has buckets.
            try:
                self.request("GET", "/api/v2/buckets", {"org": self.org, "limit": "1"})
                version = 2
            except Refused:
                version = 1
        if version not in (1, 2):
            raise BadInput(f"{self.place} is version {said}; opsmith speaks to 1.8 and 2.x")
        return version

    def _make_policies(self, wanted: list[Policy]) -> None:
        database = f'"{self.database}"'
        show = f"SHOW RETENTION POLICIES ON {database}"
        try:
            (answer,) = self.ask(show, database=False)
        except BadInput as error:
            if "not found" not in str(error):
                raise
            self.ask(f"CREATE DATABASE {database}", database=False)
            (answer,) = self.ask(show, database=False)
        there = {
            name: _seconds(duration)
            for series in answer
            for name, duration in zip(series.column("name"), series.column("duration"), strict=True)
        }
        for one in wanted:
            if there.get(one.name) == one.seconds:
                continue
            verb = "ALTER" if one.name in there else "CREATE"
            duration = f"{one.seconds}s" if one.seconds else "INF"
            self.ask(
                f'{verb} RETENTION POLICY "{one.name}" ON {database} DURATION {duration}'
                f" REPLICATION 1 SHARD DURATION {one.shard_seconds}s",
                database=False,
            )

    def _make_buckets(self, wanted: list[Policy]) -> None:
        orgs = self._json("GET", "/api/v2/orgs", _Answer, {"org": self.org}).orgs
        if not orgs:
            raise BadInput(f"{self.place} has no organisation OPSMITH_INFLUX_ORG {self.org!r}")
        for one in wanted:
            self._map(orgs[0].id, self._bucket(orgs[0].id, one).id, one.name)

    def _bucket(self, org_id: str, wanted: Policy) -> "_Named":
        query = {"orgID": org_id, "name": f"{self.database}/{wanted.name}"}
        rule = {
            "type": "expire",
            "everySeconds": wanted.seconds,
            "shardGroupDurationSeconds": wanted.shard_seconds,
        }
        rules = [rule] if wanted.seconds else []
        try:
            found = self._json("GET", "/api/v2/buckets", _Answer, query).buckets
        except Refused:
            # 2.x says 404 for a name that no bucket has.
            found = []
        if not found:
            body = {**query, "retentionRules": rules}
            return self._json("POST", "/api/v2/buckets", _Named, body=body)
        kept = sum(rule.everySeconds for rule in found[0].retentionRules)
        if kept != wanted.seconds:
            body = {"retentionRules": rules}
            self._json("PATCH", f"/api/v2/buckets/{found[0].id}", _Named, body=body)
        return found[0]

    def _map(self, org_id: str, bucket_id: str, policy: str) -> None:
        """Let InfluxQL find a bucket as the retention policy of a database."""
        query = {"orgID": org_id, "db": self.database, "rp": policy}
        found = self._json("GET", "/api/v2/dbrps", _Answer, query).content
        if not any(one.bucketID == bucket_id and not one.virtual for one in found):
            body = {
                "orgID": org_id,
                "bucketID": bucket_id,
                "database": self.database,
                "retention_policy": policy,
                "default": policy == LIVE.rows.policy,
            }
            self._json("POST", "/api/v2/dbrps", _Answer, body=body)

    def _json(
        self,
        method: str,
        path: str,
        answer: type[T],
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> T:
        _, said = self.request(method, path, query, body=body)
        try:
            return msgspec.json.decode(said, type=answer)
        except msgspec.DecodeError as error:
            raise BadInput(f"{self.place} answers {path} in another way than 2.x") from error


class _Rule(msgspec.Struct):
    everySeconds: int = 0  # noqa: N815 -- as 2.x says it


class _Named(msgspec.Struct):
    id: str
    retentionRules: list[_Rule] = []  # noqa: N815


class _Mapping(msgspec.Struct):
    bucketID: str = ""  # noqa: N815
    virtual: bool = False


class _Answer(msgspec.Struct):
    """What 2.x lists, of one kind or the other."""

    orgs: list[_Named] = []
    buckets: list[_Named] = []
    content: list[_Mapping] = []


def _seconds(duration: str) -> int:
    """Seconds of Go's `2208h0m0s`."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([hms])", duration))


def _rfc(micros: int) -> str:
    moment = _EPOCH + timedelta(microseconds=micros)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
