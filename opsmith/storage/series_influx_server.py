"""InfluxDB's HTTP interface, as far as 2.x and 1.8 share it, in our errors."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, cast
from urllib.parse import urlencode, urlsplit

import msgspec

from opsmith.errors import BadInput, Unavailable
from opsmith.storage.series_influx_names import Table

try:
    from influxdb_client.client.influxdb_client import InfluxDBClient
    from influxdb_client.rest import ApiException
    from urllib3.exceptions import HTTPError
except ImportError as error:
    raise BadInput("InfluxDB needs its driver: pip install 'opsmith[servers]'") from error

LINES = 10_000
"""Most lines in a request."""
_BYTES = 8_000_000
_PAGE = 20_000
_TOO_OLD = "beyond retention policy"
_CONFLICT = re.compile(r'field type conflict: input field \\?"(.+?)\\?" on measurement')

_log = logging.getLogger(__name__)

Row = list[Any]


class Series(msgspec.Struct):
    """One table of an answer."""

    columns: list[str]
    values: list[Row] = []
    name: str = ""
    tags: dict[str, str] = {}

    def column(self, name: str) -> list[Any]:
        """One of its columns."""
        index = self.columns.index(name)
        return [row[index] for row in self.values]


class _Result(msgspec.Struct):
    statement_id: int = 0
    series: list[Series] = []
    error: str = ""
    partial: bool = False


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str = ""


_decode = msgspec.msgpack.Decoder(_Answer).decode


class InfluxServer:
    """A connection pool; any thread may use it.

    Args:
        url: Such as `http://127.0.0.1:8086`.
        token: Of 2.x; of 1.8 `user:password`, or empty.
        org: Organisation, of 2.x.
        database: Database of 1.8; what the buckets of 2.x begin with.
        patience: Seconds that an answer may take.
    """

    def __init__(
        self, url: str, token: str, org: str, database: str, patience: float = 30.0
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"[^\s@]+", parts.netloc):
            raise BadInput("OPSMITH_INFLUX_URL is no URL such as http://127.0.0.1:8086")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", database):
            raise BadInput(f"OPSMITH_INFLUX_BUCKET {database!r}: use letters, digits, _ . and -")
        self.place = f"InfluxDB at {parts.netloc}"
        self.org = org
        self.database = database
        self._url = url.rstrip("/")
        self._client = InfluxDBClient(
            url=self._url,
            token=token,
            org=org,
            timeout=cast(int, (5_000, int(patience * 1000))),
            retries=False,
            connection_pool_maxsize=32,
        )
        self._rest = cast(Any, self._client).api_client.rest_client
        self._headers = {"Authorization": f"Token {token}"} if token else {}

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        fields: Mapping[str, str] | None = None,
        kind: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[Mapping[str, str], bytes]:
        """One request; headers and body of the response.

        Raises:
            Unavailable: No answer, or one that says later.
            BadInput: The server refuses us or what we asked.
        """
        url = self._url + path + (f"?{urlencode(query)}" if query else "")
        headers = {**self._headers, "Content-Type": kind, "Accept": accept}
        try:
            response = self._rest.request(
                method,
                url,
                headers=headers,
                body=body,
                post_params=fields,
                _preload_content=False,
            )
            return response.headers, response.data
        except ApiException as error:
            self._refused(error)
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{self.place} does not answer: {type(error).__name__}") from error

    def _refused(self, error: ApiException) -> NoReturn:
        status = int(cast(Any, error).status or 0)
        said = _text(cast(Any, error).body)
        if status in (401, 403):
            raise BadInput(f"{self.place} refuses OPSMITH_INFLUX_TOKEN: {said}") from error
        later = status in (408, 425, 429) or status >= 500 or not status
        # Some 2.x say 500 for what 1.8 says 400.
        if later and _TOO_OLD not in said:
            raise Unavailable(f"{self.place} says {status}: {said}") from error
        raise Refused(f"{self.place} says {status}: {said}") from error

    def ask(self, *statements: str, unit: str = "u", database: bool = True) -> list[list[Series]]:
        """The series that answer each statement of InfluxQL."""
        fields = {"q": ";\n".join(statements), "epoch": unit}
        if database:
            fields["db"] = self.database
        _, body = self.request(
            "POST",
            "/query",
            fields=fields,
            kind="application/x-www-form-urlencoded",
            accept="application/x-msgpack",
        )
        try:
            answer = _decode(body)
        except msgspec.DecodeError as error:
            raise Unavailable(f"{self.place} broke off an answer") from error
        said = answer.error or next((one.error for one in answer.results if one.error), "")
        if "authorized" in said:
            raise BadInput(f"{self.place} refuses OPSMITH_INFLUX_TOKEN: {_text(said)}")
        if "not found" in said:
            raise BadInput(f"{self.place}: {_text(said)}")
        if said:
            raise Unavailable(f"{self.place}: {_text(said)}")
        found: list[list[Series]] = [[] for _ in statements]
        for one in answer.results:
            found[one.statement_id] += one.series
        return found

    def page(self, select: str, table: Table, where: str, start: int, end: int) -> list[Row]:
        """The rows of one series in [start, end), oldest first, in requests of bounded size."""
        rows: list[Row] = []
        while start < end:
            (found,) = self.ask(
                f"SELECT {select} FROM {table} WHERE {where}"
                f" AND {between(start, end)} LIMIT {_PAGE}"
            )
            some = found[0].values if found else []
            rows += some
            if len(some) < _PAGE:
                break
            start = some[-1][0] + 1
        return rows

    def write(self, policy: str, lines: Sequence[str], precision: str = "us") -> None:
        """Write lines durably; some may be there where it raises.

        Points older than the retention policy are left out, as they would be deleted at once.

        Raises:
            Unavailable: Write all of them again.
            BadInput: Somebody else keeps the same field as another type.
        """
        query = {"org": self.org, "bucket": f"{self.database}/{policy}", "precision": precision}
        for body in _bodies(lines):
            try:
                self.request("POST", "/api/v2/write", query, body=body, kind="text/plain")
            except Refused as error:
                if _TOO_OLD in str(error):
                    _log.info("%s left readings out that it would delete at once", self.place)
                    continue
                if conflict := _CONFLICT.search(str(error)):
                    raise BadInput(
                        f"{self.place} has {conflict[1]!r} in {query['bucket']!r} as another type "
                        "than float: another program writes there; give opsmith a place of its own "
                        "by OPSMITH_INFLUX_BUCKET"
                    ) from error
                raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class Refused(BadInput):
    """The server took the request for wrong."""


def _text(body: object) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    return " ".join(text.split())[:300]


def _bodies(lines: Sequence[str]) -> Iterable[bytes]:
    for low in range(0, len(lines), LINES):
        body = "\n".join(lines[low : low + LINES]).encode()
        if len(body) <= _BYTES:
            yield body
            continue
        some = list[bytes]()
        size = 0
        for line in body.split(b"\n"):
            if some and size + len(line) > _BYTES:
                yield b"\n".join(some)
                some, size = [], 0
            some.append(line)
            size += len(line) + 1
        yield b"\n".join(some)


EARLIEST, LATEST = -9_223_372_036_854_775, 9_223_372_036_854_775
"""µs since 1970 UTC that InfluxDB can say."""


def between(start: int, end: int) -> str:
    """Times in [start, end), µs since 1970 UTC."""
    low, high = (min(max(one, EARLIEST), LATEST) for one in (start, end))
    return f"time >= {low}000 AND time < {high}000"
