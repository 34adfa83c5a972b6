"""The state equations of a centrifugal pump, an electric motor and a screw compressor."""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_ingest.simulation.drive import (
    Condition,
    Drive,
    Forcing,
    Response,
    friction,
    roughness,
    shown_voltage,
    slowed,
    volts,
)
from opsmith_ingest.simulation.faults import FaultKind

_ROTATING = frozenset(
    {
        FaultKind.BEARING_WEAR,
        FaultKind.IMBALANCE,
        FaultKind.OVERHEATING,
        FaultKind.LUBRICATION_LOSS,
        FaultKind.MISALIGNMENT,
        FaultKind.LOOSENESS,
    }
)
"""What can go wrong with anything that turns and is cooled."""


@dataclass(frozen=True, slots=True)
class Pump:
    """A centrifugal pump: its curve meets the system's; suction decides whether it cavitates.

    Source: Gülich, Centrifugal Pumps: parabolic head curve, affinity laws, NPSH3 as a 3 % loss of
    head. Faults change the coefficients, never a channel.
    """

    drive: Drive = Drive()
    rated_flow: float = 1000.0
    """L/min."""
    shutoff: float = 0.60
    """MPa at no flow, at rated speed."""
    rated_head: float = 0.45
    """MPa at the rated flow."""
    static: float = 0.12
    """MPa that the system holds against it at no flow."""
    suction_head: float = 7.0
    """m: NPSH available at no flow."""
    bearing_rise: float = 32.0
    """Cel over ambient, at the rating."""
    heat_time: float = 600.0
    run_up: float = 1.5
    faults = _ROTATING | {
        FaultKind.CAVITATION,
        FaultKind.LEAK,
        FaultKind.VALVE_RESTRICTION,
        FaultKind.IMPELLER_WEAR,
        FaultKind.DRY_RUNNING,
        FaultKind.UNDERVOLTAGE,
    }

    def speed(self, forcing: Forcing, condition: Condition) -> FloatArray:
        """See `Physics.speed`: mains-driven, so rated unless the mains sag."""
        return slowed(condition) * np.ones_like(forcing.demand)

    def respond(self, speed: FloatArray, forcing: Forcing, condition: Condition) -> Response:
        """See `Physics.respond`."""
        resistance = (
            (self.rated_head - self.static)
            / np.maximum(forcing.demand, 0.05) ** 2
            * (1 + 9 * condition.restriction)
        )
        # Head goes with the density of what is pumped; worn vanes and rings lose part of it.
        density = 1 - 0.95 * np.minimum(condition.gas, 1)
        able = self.shutoff * density * (1 - 0.35 * np.minimum(condition.impeller, 1))
        clean, _, _ = self._flow(able * speed**2, resistance, condition.leak)
        margin = (self.suction_head - 5.5 * condition.suction - clean**2) / (1.2 + 1.2 * clean**2)
        lost = np.clip(0.03 * np.exp(6 * (1 - margin)), 0.0, 0.7)
        shutoff = able * speed**2 * (1 - lost)
        through, delivered, pressure = self._flow(shutoff, resistance, condition.leak)

        # What flows back through worn rings is worked on in vain.
        power = (
            0.45 * speed**3 * density
            + 0.55 * through * speed**2 * (1 - lost) * density
            + 0.05 * condition.impeller * speed**3
            + 0.015 * (friction(condition) - 1) * speed
        )
        current = self.drive.current(speed, power, forcing.running, volts(condition))
        cavities = np.sqrt(np.minimum(lost, 0.25) / 0.03)
        # Vanes meet liquid where there is some; slugs of gas shake it.
        recirculation = 0.10 * speed**2 * (1 + 2 * (1 - np.minimum(through, 1)) ** 2) * density
        recirculation += 0.4 * speed**2 * density * (1 - density)
        vibration = self.drive.vibration(speed, condition, recirculation, 0.7 * cavities * speed**2)
        unrest = 1 + forcing.jitter * (0.003 + 0.02 * np.minimum(cavities, 2))
        load = (current / self.drive.rated_current) ** 2
        heat = self.bearing_rise * (0.7 * friction(condition) * speed + 0.3 * np.minimum(load, 1.5))
        # Dry seal faces rub, and no liquid takes the heat away.
        heat += self.bearing_rise * 0.6 * np.minimum(condition.gas, 1) * speed
        return Response(
            channels={
                "pressure": pressure * unrest,
                "flow": delivered * self.rated_flow * unrest,
                "current": current * (1 + 0.3 * (unrest - 1)),
                "vibration": vibration,
                "speed": self.drive.rated_speed * speed * (1 - 0.012 * (power - 1)),
                "voltage": shown_voltage(condition, forcing),
            },
            heat=heat,
            cooling=(0.6 + 0.4 * speed)
            * (1 - 0.75 * np.minimum(condition.cooling, 1))
            * (1 - 0.4 * np.minimum(condition.gas, 1)),
            roughness=roughness(condition) + 0.04 * np.minimum(cavities, 2),
        )

    def _flow(
        self, shutoff: FloatArray, resistance: FloatArray, leak: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Flow through the pump and to the system, relative to rated, and discharge pressure, MPa.

        shutoff - steep q² = p = static + resistance d², and q = d + leak's orifice (p). Without a
        leak that is closed; with one the pressure is found by bisection.
        """
        steep = self.shutoff - self.rated_head
        flow = np.sqrt(np.maximum(shutoff - self.static, 0.0) / (steep + resistance))
        blocked = shutoff <= self.static
        pressure = np.where(blocked, shutoff, shutoff - steep * flow**2)
        if not leak.any():
            return flow, flow, pressure
        orifice = 0.6 * leak / np.sqrt(self.rated_head)
        low, high = np.zeros_like(shutoff), shutoff
        for _ in range(40):
            middle = (low + high) / 2
            taken = self._taken(middle, resistance) + orifice * np.sqrt(middle)
            too_high = taken > np.sqrt((shutoff - middle) / steep)
            low, high = np.where(too_high, low, middle), np.where(too_high, middle, high)
        pressure = (low + high) / 2
        delivered = self._taken(pressure, resistance)
        return delivered + orifice * np.sqrt(pressure), delivered, pressure

    def _taken(self, pressure: FloatArray, resistance: FloatArray) -> FloatArray:
        return np.sqrt(np.maximum(pressure - self.static, 0.0) / resistance)


@dataclass(frozen=True, slots=True)
class Motor:
    """An induction motor that drives something else; its own fan cools it."""

    drive: Drive = Drive(rated_speed=1480.0, unbalance=0.9, bearing_noise=0.14)
    rise: float = 58.0
    """Cel over ambient, at the rating."""
    heat_time: float = 900.0
    run_up: float = 2.5
    faults = _ROTATING | {FaultKind.OVERLOAD, FaultKind.UNDERVOLTAGE}

    def speed(self, forcing: Forcing, condition: Condition) -> FloatArray:
        """See `Physics.speed`: mains-driven, so rated unless the mains sag."""
        return slowed(condition) * np.ones_like(forcing.demand)

    def respond(self, speed: FloatArray, forcing: Forcing, condition: Condition) -> Response:
        """See `Physics.respond`; the slip grows with the torque."""
        torque = forcing.demand * (1 + 0.004 * forcing.jitter) * speed**2
        torque *= 1 + 0.45 * condition.torque
        power = torque * speed + 0.02 * (friction(condition) - 1) * speed
        current = self.drive.current(speed, power, forcing.running, volts(condition))
        load = np.minimum((current / self.drive.rated_current) ** 2, 1.5)
        heat = self.rise * (0.15 * speed**2 + 0.25 * friction(condition) * speed + 0.6 * load)
        electric = 0.05 * forcing.running * np.minimum(load, 1.5)
        return Response(
            channels={
                "current": current,
                "speed": self.drive.rated_speed * speed * (1 - 0.013 * (power - 1)),
                "vibration": self.drive.vibration(speed, condition, electric),
                "voltage": shown_voltage(condition, forcing),
            },
            heat=heat,
            cooling=(0.35 + 0.65 * speed) * (1 - 0.65 * np.minimum(condition.cooling, 1)),
            roughness=roughness(condition),
        )


@dataclass(frozen=True, slots=True)
class Compressor:
    """An oil-flooded screw compressor whose converter holds the pressure by its speed."""

    drive: Drive = Drive(
        rated_current=85.0, rated_speed=3600.0, inrush=0.0, unbalance=1.2, bearing_noise=0.35
    )
    rated_flow: float = 8000.0
    """L/min of free air."""
    setpoint: float = 0.75
    """MPa, gauge."""
    droop: float = 0.03
    """Share of the setpoint that the controller gives way from half to full speed."""
    rise: float = 58.0
    """Cel of the discharge over ambient, at the rating."""
    heat_time: float = 300.0
    run_up: float = 4.0
    faults = _ROTATING | {FaultKind.LEAK, FaultKind.VALVE_RESTRICTION, FaultKind.AIR_END_WEAR}

    def speed(self, forcing: Forcing, condition: Condition) -> FloatArray:
        """See `Physics.speed`: as fast as consumers, leaks and a thin inlet ask."""
        asked = (forcing.demand + 0.4 * condition.leak) / self._density(condition)
        asked /= self._tightness(condition)
        return np.clip(asked, 0.25, 1.05)

    def respond(self, speed: FloatArray, forcing: Forcing, condition: Condition) -> Response:
        """See `Physics.respond`; what is not delivered is missing as pressure."""
        density = self._density(condition)
        drawn = speed * density
        made = drawn * self._tightness(condition)
        asked = np.maximum(forcing.demand + 0.4 * condition.leak, 0.05)
        held = np.minimum(made / asked, 1.0)
        droop = 1 - 2 * self.droop * (np.clip(speed, 0.5, 1.05) - 0.5)
        pressure = self.setpoint * held * droop * (1 + 0.002 * forcing.jitter)
        inlet = 0.101 * density
        ratio = np.log((pressure + 0.101) / inlet) / np.log((self.setpoint + 0.101) / 0.101)
        # What flows back through the gaps is compressed again and again.
        power = drawn * ratio + 0.02 * friction(condition) * speed
        current = self.drive.current(speed, power, forcing.running, volts(condition))
        gas = 0.45 * speed * np.maximum(ratio, 0.0)
        work = np.divide(power, speed, out=np.zeros_like(power), where=speed > 0.02)
        heat = self.rise * (0.75 * power + 0.25 * work * forcing.running)
        heat += self.rise * 0.12 * (friction(condition) - 1) * speed
        return Response(
            channels={
                "pressure": pressure,
                "flow": self.rated_flow * made * forcing.demand / asked,
                "current": current,
                "speed": self.drive.rated_speed * speed,
                "vibration": self.drive.vibration(speed, condition, gas),
                "voltage": shown_voltage(condition, forcing),
            },
            heat=heat,
            cooling=(0.3 + 0.7 * forcing.running) * (1 - 0.75 * np.minimum(condition.cooling, 1)),
            roughness=roughness(condition),
        )

    def _density(self, condition: Condition) -> FloatArray:
        """Of the air that reaches the screws, relative to what stands before the inlet."""
        return 1 - 0.45 * np.minimum(condition.restriction, 1.5)

    def _tightness(self, condition: Condition) -> FloatArray:
        """Part of the drawn air that does not flow back through the screws' gaps."""
        return 1 - 0.3 * np.minimum(condition.gaps, 1)
