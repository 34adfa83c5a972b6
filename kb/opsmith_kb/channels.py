"""The channels that knowledge may speak of: their names for people, and which a class measures."""

from collections.abc import Mapping, Sequence

from opsmith.domain.base import Language

NAMES: Mapping[str, tuple[str, str]] = {
    "accumulator_pressure": ("accumulator gas pre-charge pressure", "蓄能器充气压力"),
    "acetylene": ("dissolved acetylene", "油中乙炔"),
    "ambient_temperature": ("ambient temperature", "环境温度"),
    "axis_load": ("load of the feed axis", "进给轴负载"),
    "bearing_temperature": ("bearing temperature", "轴承温度"),
    "belt_deviation": ("side run of the belt", "皮带跑偏量"),
    "belt_speed": ("belt speed", "带速"),
    "belt_tension": ("belt tension", "皮带张力"),
    "bias_current": ("laser bias current", "激光器偏置电流"),
    "bit_error_rate": ("bit error rate before correction", "纠前误码率"),
    "breakdown_voltage": ("breakdown voltage of the oil", "油击穿电压"),
    "bushing_capacitance": ("bushing capacitance", "套管电容量"),
    "bushing_tan_delta": ("dissipation factor of the bushing", "套管介损"),
    "carbon_dioxide": ("carbon dioxide", "二氧化碳"),
    "carbon_monoxide": ("dissolved carbon monoxide", "油中一氧化碳"),
    "case_drain_flow": ("case drain flow of the pump", "泵泄漏油流量"),
    "chilled_water_flow": ("chilled water flow", "冷冻水流量"),
    "chilled_water_return_temperature": ("chilled water return temperature", "冷冻水回水温度"),
    "chilled_water_supply_temperature": ("chilled water supply temperature", "冷冻水供水温度"),
    "clamping_pressure": ("clamping pressure", "夹紧压力"),
    "cold_inlet_temperature": ("inlet temperature of the cold side", "冷侧进口温度"),
    "cold_outlet_temperature": ("outlet temperature of the cold side", "冷侧出口温度"),
    "condenser_approach": ("condenser approach", "冷凝器端差"),
    "condensing_pressure": ("condensing pressure", "冷凝压力"),
    "conductivity": ("conductivity", "电导率"),
    "coolant_flow": ("coolant flow", "冷却液流量"),
    "coolant_pressure": ("coolant pressure", "冷却液压力"),
    "core_ground_current": ("core earthing current", "铁芯接地电流"),
    "current": ("current", "电流"),
    "cycle_time": ("cycle time", "循环时间"),
    "damper_position": ("damper position", "风门开度"),
    "discharge_temperature": ("discharge temperature", "排气温度"),
    "energy": ("energy", "电能"),
    "energy_balance": ("sum of the feeders over the main meter", "分表之和与总表之比"),
    "ethane": ("dissolved ethane", "油中乙烷"),
    "ethylene": ("dissolved ethylene", "油中乙烯"),
    "evaporating_pressure": ("evaporating pressure", "蒸发压力"),
    "evaporator_approach": ("evaporator approach", "蒸发器端差"),
    "fan_current": ("current of the fans", "风机电流"),
    "filter_pressure": ("pressure drop of the filter", "过滤器压差"),
    "flow": ("flow", "流量"),
    "fluid_temperature": ("temperature of the fluid", "介质温度"),
    "following_error": ("following error of the axis", "轴跟随误差"),
    "frequency": ("mains frequency", "电网频率"),
    "furan": ("furan (2-FAL) in the oil", "油中糠醛"),
    "harmonic_distortion": ("total harmonic distortion", "总谐波畸变率"),
    "hot_inlet_temperature": ("inlet temperature of the hot side", "热侧进口温度"),
    "hot_outlet_temperature": ("outlet temperature of the hot side", "热侧出口温度"),
    "humidity": ("relative humidity", "相对湿度"),
    "hydrogen": ("dissolved hydrogen", "油中氢气"),
    "inlet_pressure": ("inlet pressure", "进口压力"),
    "insulation_resistance": ("insulation resistance", "绝缘电阻"),
    "leakage": ("leakage", "泄漏量"),
    "level": ("level", "液位"),
    "lubrication_pressure": ("pressure of the lubrication", "润滑压力"),
    "methane": ("dissolved methane", "油中甲烷"),
    "mixed_air_temperature": ("mixed air temperature", "混风温度"),
    "moisture": ("moisture", "含水量"),
    "motor_torque": ("torque of the actuator", "执行机构力矩"),
    "neutral_current": ("neutral current", "中性线电流"),
    "oil_carryover": ("oil in the compressed air", "压缩空气含油量"),
    "oil_level": ("oil level", "油位"),
    "oil_pressure": ("oil pressure", "油压"),
    "oil_temperature": ("oil temperature", "油温"),
    "outdoor_air_temperature": ("outdoor air temperature", "室外空气温度"),
    "partial_discharge": ("partial discharge", "局部放电"),
    "particle_count": ("particles in the oil", "油液颗粒数"),
    "position_error": ("deviation of position from command", "位置偏差"),
    "power": ("active power", "有功功率"),
    "power_factor": ("power factor", "功率因数"),
    "pressure": ("pressure", "压力"),
    "pressure_dew_point": ("pressure dew point", "压力露点"),
    "pressure_drop": ("pressure drop", "压降"),
    "reactive_power": ("reactive power", "无功功率"),
    "return_air_temperature": ("return air temperature", "回风温度"),
    "rx_power": ("received optical power", "接收光功率"),
    "seal_leakage": ("seal leakage", "密封泄漏量"),
    "seal_pressure": ("seal pressure", "密封压力"),
    "shaft_voltage": ("shaft voltage", "轴电压"),
    "speed": ("speed", "转速"),
    "spindle_load": ("spindle load", "主轴负载"),
    "spindle_temperature": ("spindle temperature", "主轴温度"),
    "static_pressure": ("static pressure of the duct", "风管静压"),
    "stroke_time": ("stroke time", "行程时间"),
    "subcooling": ("subcooling", "过冷度"),
    "suction_pressure": ("suction pressure", "吸入压力"),
    "superheat": ("superheat at the suction", "吸气过热度"),
    "supply_air_temperature": ("supply air temperature", "送风温度"),
    "supply_pressure": ("supply air pressure of the actuator", "气源压力"),
    "tap_motor_current": ("motor current of the tap changer", "分接开关电机电流"),
    "temperature": ("temperature", "温度"),
    "throughput": ("material carried", "输送量"),
    "tx_power": ("transmitted optical power", "发射光功率"),
    "valve_position": ("valve position", "阀位"),
    "vibration": ("vibration", "振动"),
    "vibration_velocity": ("vibration velocity", "振动速度"),
    "voltage": ("voltage", "电压"),
    "water_content": ("water in the oil", "油中水分"),
    "winding_temperature": ("winding temperature", "绕组温度"),
}
"""Measurement -> its name in English and in Chinese."""

_ROTOR = ("vibration", "vibration_velocity", "bearing_temperature", "temperature", "speed")
_MAINS = ("current", "voltage", "power")
USUAL: Mapping[str, tuple[str, ...]] = {
    "pump": (
        *_ROTOR, *_MAINS, "flow", "pressure", "suction_pressure", "filter_pressure",
        "fluid_temperature", "seal_pressure", "seal_leakage", "level",
    ),
    "motor": (
        *_ROTOR, *_MAINS, "winding_temperature", "ambient_temperature", "insulation_resistance",
        "shaft_voltage", "partial_discharge",
    ),
    "compressor": (
        *_ROTOR, *_MAINS, "pressure", "flow", "inlet_pressure", "oil_temperature", "oil_pressure",
        "oil_level", "oil_carryover", "filter_pressure", "pressure_drop", "pressure_dew_point",
        "fluid_temperature",
    ),
    "fan": (*_ROTOR, *_MAINS, "flow", "pressure", "filter_pressure", "damper_position"),
    "gearbox": (
        *_ROTOR, *_MAINS, "oil_temperature", "oil_pressure", "oil_level", "particle_count",
        "water_content", "filter_pressure",
    ),
    "heat_exchanger": (
        "hot_inlet_temperature", "hot_outlet_temperature", "cold_inlet_temperature",
        "cold_outlet_temperature", "pressure_drop", "flow", "coolant_flow", "pressure",
        "conductivity", "vibration", "level",
    ),
    "valve": (
        "valve_position", "position_error", "flow", "pressure", "pressure_drop", "stroke_time",
        "supply_pressure", "motor_torque", "current", "leakage", "temperature", "vibration",
    ),
    "conveyor": (
        *_ROTOR, *_MAINS, "belt_speed", "belt_tension", "belt_deviation", "throughput",
    ),
    "transformer": (
        "oil_temperature", "winding_temperature", "ambient_temperature", "current", "voltage",
        "hydrogen", "methane", "ethane", "ethylene", "acetylene", "carbon_monoxide",
        "carbon_dioxide", "moisture", "furan", "breakdown_voltage", "oil_level",
        "partial_discharge", "core_ground_current", "bushing_capacitance", "bushing_tan_delta",
        "fan_current", "tap_motor_current", "vibration",
    ),
    "chiller": (
        "evaporating_pressure", "condensing_pressure", "evaporator_approach",
        "condenser_approach", "superheat", "subcooling", "discharge_temperature",
        "chilled_water_supply_temperature", "chilled_water_return_temperature",
        "chilled_water_flow", "oil_pressure", "oil_temperature", "oil_level", "current", "power",
        "vibration",
    ),
    "air_handler": (
        "supply_air_temperature", "return_air_temperature", "mixed_air_temperature",
        "outdoor_air_temperature", "humidity", "carbon_dioxide", "flow", "static_pressure",
        "filter_pressure", "speed", "current", "power", "valve_position", "damper_position",
        "vibration",
    ),
    "hydraulic_station": (
        "pressure", "flow", "oil_temperature", "oil_level", "particle_count", "water_content",
        "filter_pressure", "accumulator_pressure", "case_drain_flow", "suction_pressure",
        "cycle_time", "current", "power", "vibration", "coolant_flow",
    ),
    "machine_tool": (
        "spindle_load", "spindle_temperature", "speed", "vibration", "axis_load",
        "following_error", "position_error", "coolant_pressure", "coolant_flow",
        "clamping_pressure", "lubrication_pressure", "cycle_time", "current", "power",
        "temperature",
    ),
    "optical_transceiver": (
        "temperature", "bias_current", "voltage", "tx_power", "rx_power", "bit_error_rate",
    ),
    "energy_meter": (
        "power", "energy", "current", "voltage", "power_factor", "reactive_power", "frequency",
        "harmonic_distortion", "neutral_current", "energy_balance", "throughput",
    ),
}  # fmt: skip
"""Class -> what is commonly measured on a device of it."""


_SHORT = {
    "油温": "oil_temperature", "油位": "level", "液位": "level", "振动值": "vibration",
    "震动": "vibration", "水温": "temperature", "收光": "rx_power", "发光": "tx_power",
    "收光功率": "rx_power", "发光功率": "tx_power", "偏置电流": "bias_current",
    "偏流": "bias_current", "轴温": "bearing_temperature", "瓦温": "bearing_temperature",
    "电流值": "current",
    "出口压力": "pressure", "排气温度": "discharge_temperature",
}  # fmt: skip
"""What people call channels beside their names."""


def channel_name(channel: str, language: Language) -> str:
    """A channel's name for people; itself where it has none.

    >>> channel_name("rx_power", "zh"), channel_name("x07", "en")
    ('接收光功率', 'x07')
    """
    names = NAMES.get(channel)
    if names is None:
        return channel
    return names[1] if language == "zh" else names[0]


def channel_of(name: str) -> str:
    """The channel that a name in either language means; the name with underscores if none.

    >>> channel_of("接收光功率"), channel_of("油温"), channel_of("bearing temperature")
    ('rx_power', 'oil_temperature', 'bearing_temperature')
    """
    told = name.strip().lower()
    key = "_".join(told.split())
    if key in NAMES:
        return key
    by_name = {one.lower(): channel for channel, names in NAMES.items() for one in names}
    return by_name.get(told) or _SHORT.get(told) or key


def unknown_channels(channel: str) -> Sequence[str]:
    """The parts of a sign's channel that are no channel; `a/b` has two.

    >>> unknown_channels("current/spede"), unknown_channels("@load")
    (['spede'], [])
    """
    if channel in ("*", "@all", "@twin", "@load", "@lone"):
        return []
    return [part for part in channel.split("/") if part not in NAMES]
