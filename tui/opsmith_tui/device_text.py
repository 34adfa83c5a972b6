"""The panes of one device in words: nameplate, last values, forecast."""

from collections.abc import Iterator
from datetime import timedelta

from rich.console import Group
from rich.style import Style
from rich.table import Table
from rich.text import Text

from opsmith.domain.base import State
from opsmith.domain.devices import Limits
from opsmith.domain.forecasts import TimeToLimit
from opsmith_mcp.device_registry import DeviceView
from opsmith_mcp.forecasting import ChannelForecast, FailureForecast
from opsmith_mcp.telemetry import LatestValue
from opsmith_tui.device_facts import DeviceFacts, Failed
from opsmith_tui.device_words import DEVICE, HEALTH_PARTS, WITHIN
from opsmith_tui.figures import age, channel_name, number, plain, quantity, unit, zoned
from opsmith_tui.overview_words import SIGNS, STATUSES
from opsmith_tui.wording import Wording

ROWS = 8
"""Steps of a forecast that are tabled."""


class DeviceText:
    """Writes the panes.

    Args:
        facts: What is known.
        words: The language.
        warning: The style of what needs a look; it never stands alone.
    """

    def __init__(self, facts: DeviceFacts, words: Wording, warning: Style) -> None:
        self._facts = facts
        self._words = words
        self._warning = warning

    def plate(self) -> Text | Group:
        """Status, ages, health, then the nameplate with its limits."""
        view = self._facts.view
        if view is None:
            return Text(self._words(DEVICE, "loading"), "italic")
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for label, text in (*self._state(view), *self._plate(view)):
            table.add_row(self._words(DEVICE, label), text)
        return Group(table)

    def values(self) -> Text | Group:
        """The newest value of every channel, with its limits."""
        words, latest = self._words, self._facts.latest
        if latest is None:
            return Text(words(DEVICE, "loading"), "italic")
        if isinstance(latest, Failed):
            return self._failed(latest)
        if latest.state is State.UNAVAILABLE:
            return Text(f"✗ {words(DEVICE, 'unavailable')}", self._warning)
        if not latest.channels:
            return Text(words(DEVICE, "no_values"), "italic")
        rated = self._facts.view.rated if self._facts.view else {}
        table = Table.grid(padding=(0, 2))
        for label in ("channel", "value", "limit", "age"):
            justify = "left" if label in ("channel", "limit") else "right"
            table.add_column(words(DEVICE, label), justify=justify, no_wrap=True)
        table.show_header = True
        for one in latest.channels:
            table.add_row(*self._value(one, rated.get(one.channel, Limits())))
        return Group(table)

    def forecast(self) -> Text | Group:
        """How likely it fails, when limits are reached, where the channel is heading."""
        words, failure = self._words, self._facts.failure
        if failure is None:
            return Text(words(DEVICE, "loading"), "italic")
        if isinstance(failure, Failed):
            return self._failed(failure)
        return Group(self._failure(failure), Text(), *self._ahead())

    def _state(self, view: DeviceView) -> Iterator[tuple[str, Text]]:
        words, device = self._words, view.device
        status = Text(
            f"{SIGNS[device.status.value]} {words(STATUSES, device.status.value)}", "bold"
        )
        end = device.maintenance_end()
        if end is not None:
            status.append(f"  {words(DEVICE, 'until', at=zoned(end))}")
            if end <= view.as_of:
                status.append(f"  {words(DEVICE, 'over')}", self._warning)
        yield "status", status
        last = Text(words(DEVICE, "never"))
        if view.state is State.UNAVAILABLE:
            last = Text(f"✗ {words(DEVICE, 'unavailable')}", self._warning)
        elif view.last_reading is not None:
            old = age(timedelta(seconds=view.age_seconds or 0.0), words.language)
            last = Text(f"{words(DEVICE, 'ago', age=old)}  {zoned(view.last_reading)}")
        if view.state is State.STALE:
            last.append(f"  ○ {words(DEVICE, 'silent')}", self._warning)
        yield "last_reading", last
        if view.missing_channels:
            yield "missing", Text(self._names(view.missing_channels), self._warning)
        if view.extra_channels:
            yield "extra", Text(self._names(view.extra_channels))
        yield "health", self._health()

    def _plate(self, view: DeviceView) -> Iterator[tuple[str, Text]]:
        words, device = self._words, view.device
        yield "type", Text(plain(device.device_type))
        maker = " ".join(part for part in (device.manufacturer, device.model) if part)
        if maker:
            yield "model", Text(plain(maker))
        place = " / ".join(
            part for part in (device.factory_id, device.line_id, device.location) if part
        )
        yield "place", Text(plain(place) or "-")
        if device.install_date is not None:
            yield "installed", Text(device.install_date.isoformat())
        yield "criticality", Text(words(DEVICE, f"criticality_{device.criticality}"))
        if not device.adopted:
            yield "registered", Text(words(DEVICE, "not_adopted"), self._warning)
        since = device.baseline_at
        baseline = words(DEVICE, "baseline_first")
        if since is not None:
            baseline = words(DEVICE, "baseline_since", at=zoned(since))
        yield "baseline", Text(baseline)
        lines = [
            f"{channel_name(channel, words)} {_limits(limits)} {unit(view.units.get(channel))}"
            for channel, limits in view.rated.items()
        ]
        yield "limits", Text("\n".join(lines) if lines else words(DEVICE, "no_limits"))

    def _health(self) -> Text:
        words, failure = self._words, self._facts.failure
        if not isinstance(failure, FailureForecast) or failure.health is None:
            return Text(words(DEVICE, "unknown"))
        text = Text(words(DEVICE, "health_text", health=number(failure.health)), "bold")
        parts = sorted(failure.health_parts.items(), key=lambda part: -part[1])
        for name, share in parts:
            if share >= 0.01:
                what = words(HEALTH_PARTS, name)
                text.append(f"  {words(DEVICE, 'takes_off', what=what, share=f'{share:.0%}')}", "")
        return text

    def _value(self, one: LatestValue, limits: Limits) -> tuple[Text, Text, Text, Text]:
        words = self._words
        drawn = one.channel == self._facts.channel
        name = Text(f"{'▸' if drawn else ' '} {channel_name(one.channel, words)}")
        if drawn:
            name.stylize("bold")
        if one.value is None:
            return (
                name,
                Text(words(DEVICE, "no_value"), self._warning),
                Text(_limits(limits)),
                Text("-"),
            )
        beyond = (limits.high is not None and one.value >= limits.high) or (
            limits.low is not None and one.value <= limits.low
        )
        value = Text(quantity(one.value, one.unit))
        told = Text(_limits(limits))
        if beyond:
            value = Text(f"▲{value}", self._warning)
            told.append(f" {words(DEVICE, 'beyond')}", self._warning)
        old = age(timedelta(seconds=one.age_seconds or 0.0), words.language)
        return name, value, told, Text(old)

    def _failure(self, failure: FailureForecast) -> Group:
        words = self._words
        chances = [
            f"{words(WITHIN, name)} {_percent(share)}"
            for name, share in failure.failure.model_dump().items()
            if share is not None
        ]
        if failure.state is State.UNAVAILABLE:
            return Group(Text(f"✗ {words(DEVICE, 'unavailable')}", self._warning))
        lines = [
            Text.assemble(
                (f"{words(DEVICE, 'fails_within')}  ", "bold"),
                "  ".join(chances) or words(DEVICE, "too_little"),
            )
        ]
        life = failure.remaining_life
        if life is not None:
            told = words(DEVICE, "longer") if life.hours is None else self._hours(life.hours)
            between = self._between(life.hours_low, life.hours_high)
            text = f"{told}  ({between})"
            lines.append(Text.assemble((f"{words(DEVICE, 'life')}  ", "bold"), text))
        lines.append(Text(words(DEVICE, "reaches"), "bold"))
        for one in failure.channels:
            lines.append(self._to_limit(one, failure.horizon_hours))
        if not failure.channels:
            lines.append(Text(f"  {words(DEVICE, 'no_rated')}", "italic"))
        return Group(*lines)

    def _to_limit(self, one: TimeToLimit, horizon: float) -> Text:
        words = self._words
        text = Text(f"  {channel_name(one.channel, words)}  {number(one.now)} → ")
        text.append(f"{quantity(one.limit, one.unit)}  ")
        if one.hours is None:
            return text.append(words(DEVICE, "not_within", hours=number(horizon)))
        if one.hours == 0 and one.hours_high == 0:
            return text.append(f"▲ {words(DEVICE, 'is_beyond')}", self._warning)
        text.append(self._hours(one.hours), self._warning)
        return text.append(f"  ({self._between(one.hours_low, one.hours_high)})")

    def _ahead(self) -> Iterator[Text | Table]:
        words, ahead = self._words, self._facts.ahead
        if ahead is None:
            return
        if isinstance(ahead, Failed):
            yield self._failed(ahead)
            return
        name = channel_name(ahead.channel, words)
        yield Text(f"{words(DEVICE, 'ahead', channel=name)} {unit(ahead.unit)}", "bold")
        if not ahead.times:
            yield Text(words(DEVICE, "too_little"), "italic")
            return
        table = Table.grid(padding=(0, 2))
        for _ in range(5):
            table.add_column(justify="right", no_wrap=True)
        for at in _spaced(len(ahead.times), ROWS):
            then = age(ahead.times[at] - ahead.as_of, words.language)
            table.add_row(
                words(DEVICE, "in", span=then),
                f"{ahead.times[at]:%m-%d %H:%M}",
                Text(number(ahead.median[at]), "bold"),
                f"{number(ahead.low[at])} – {number(ahead.high[at])}",
            )
        yield table
        yield from self._trust(ahead)

    def _trust(self, ahead: ChannelForecast) -> Iterator[Text]:
        words, back = self._words, ahead.backtest
        if ahead.beats_naive is False:
            yield Text(words(DEVICE, "naive"), "italic")
        if back is not None and back.mae is not None:
            cover = "-" if back.coverage is None else f"{back.coverage:.0%}"
            mae = quantity(back.mae, ahead.unit)
            yield Text(words(DEVICE, "backtest", mae=mae, cover=cover), "italic")

    def _failed(self, failed: Failed) -> Text:
        return Text(f"✗ {self._words(DEVICE, 'failed', reason=failed.reason)}", self._warning)

    def _hours(self, hours: float) -> str:
        return age(timedelta(hours=hours), self._words.language)

    def _between(self, low: float | None, high: float | None) -> str:
        ends = [
            self._words(DEVICE, "open") if one is None else self._hours(one) for one in (low, high)
        ]
        return self._words(DEVICE, "between", low=ends[0], high=ends[1])

    def _names(self, channels: tuple[str, ...]) -> str:
        return ", ".join(channel_name(one, self._words) for one in channels)


def _limits(limits: Limits) -> str:
    low, high = limits.low, limits.high
    if low is None and high is None:
        return "-"
    if low is None:
        return f"≤ {number(high)}"
    return f"≥ {number(low)}" if high is None else f"{number(low)} – {number(high)}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or share == 0 else "<1%"


def _spaced(count: int, most: int) -> list[int]:
    """Up to so many places of `count`, evenly, the last among them."""
    if count <= most:
        return list(range(count))
    return [round((at + 1) * count / most) - 1 for at in range(most)]
