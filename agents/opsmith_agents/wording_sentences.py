"""The sentences and words of the rules, as data."""

from opsmith.domain.base import Language

SENTENCES: dict[str, dict[Language, str]] = {
    "raised": {
        "en": "{device} raised a {level} alert ({type}) at {at}; the deviation began at {onset}.",
        "zh": "{device} 于 {at} 触发 {level} 报警（{type}），偏离始于 {onset}。",
    },
    "over": {
        "en": "{channel} read {value}, beyond its rated limit of {limit}.",
        "zh": "{channel}读数为 {value}，超过额定限值 {limit}。",
    },
    "near": {
        "en": "{channel} reached {value}; its rated limit is {limit}.",
        "zh": "{channel}已达 {value}，额定限值为 {limit}。",
    },
    "moved": {
        "en": "{channel} {way} from {before} to {now} ({kind}), beginning at {at}.",
        "zh": "{channel}由 {before} {way}至 {now}（{kind}），始于 {at}。",
    },
    "unrest": {
        "en": "{channel} fluctuates {ratio} times as much as before ({kind}), around {now}.",
        "zh": "{channel}的波动为之前的 {ratio} 倍（{kind}），现约 {now}。",
    },
    "flat": {
        "en": "{channel} has stood still at {now} since {at}, which it never did before.",
        "zh": "{channel}自 {at} 起固定在 {now} 不变，此前从未如此。",
    },
    "dropout": {
        "en": "{channel} drops out: {missing} of its readings since the onset are missing.",
        "zh": "{channel}数据中断：偏离开始后缺失 {missing} 的读数。",
    },
    "dropout_values": {
        "en": "{channel} drops out again and again to one same value.",
        "zh": "{channel}反复跳变到同一数值。",
    },
    "implausible": {
        "en": "{channel} reads {now}, beyond what such a sensor can measure.",
        "zh": "{channel}读数 {now} 超出该类传感器的合理范围。",
    },
    "unmeasured": {
        "en": "Not measured: {channels}. What would show there could not be looked at.",
        "zh": "未测量：{channels}。相应迹象无法判断。",
    },
    "still": {
        "en": "No change beyond their own past: {channels}.",
        "zh": "未超出自身以往变化范围的通道：{channels}。",
    },
    "silent": {
        "en": "{device} has sent no reading since {at}.",
        "zh": "{device} 自 {at} 起没有任何读数。",
    },
    "reported": {
        "en": "The device itself reported an anomaly.",
        "zh": "设备自身上报了异常。",
    },
    "not_running": {
        "en": "The registry has {device} as {status}.",
        "zh": "设备台账中 {device} 的状态为 {status}。",
    },
    "history": {
        "en": "{device} had {total} alerts in the {days} days up to then, this one among them.",
        "zh": "{device} 在此前 {days} 天内共有 {total} 条报警（含本条）。",
    },
    "order": {
        "en": "Work order {order} for {device} is {status}.",
        "zh": "{device} 的工单 {order} 处于 {status} 状态。",
    },
    "forecast": {
        "en": "At the present trend {channel} passes its limit of {limit} in {hours} "
        "(between {low} and {high}).",
        "zh": "按当前趋势，{channel}将在 {hours}（{low} 至 {high}）后超过限值 {limit}。",
    },
    "ranked": {
        "en": "Of the known failure modes the readings fit {name} best, with a probability of "
        "{probability}.",
        "zh": "在已知故障模式中，读数与“{name}”最为符合，概率为 {probability}。",
    },
    "cause": {
        "en": "Most likely: {name}.",
        "zh": "最可能的原因：{name}。",
    },
    "cause_sensor": {
        "en": "Most likely the instrument, not the machine: {name}.",
        "zh": "最可能是仪表问题而非设备故障：{name}。",
    },
    "cause_no_fault": {
        "en": "Most likely no fault of the machine: {name}.",
        "zh": "很可能不是设备故障：{name}。",
    },
    "cause_also": {
        "en": "At the same time: {others}.",
        "zh": "同时还存在：{others}。",
    },
    "together": {
        "en": "{name} and {other} together explain the readings better than either alone.",
        "zh": "“{name}”与“{other}”同时存在，比其中任何一个都更能解释读数。",
    },
    "history_again": {
        "en": "{device} had {name} before (work order {order}), which makes it likelier.",
        "zh": "{device} 曾发生“{name}”（工单 {order}），因此其可能性更高。",
    },
    "history_found": {
        "en": "Work order {order} for {device} names {name} already, which makes it likelier.",
        "zh": "{device} 的工单 {order} 已提出“{name}”，因此其可能性更高。",
    },
    "history_worked": {
        "en": "{device} was worked on lately (work order {order}); {name} often comes of work.",
        "zh": "{device} 近期检修过（工单 {order}），“{name}”常由此类检修引起。",
    },
    "history_renewed": {
        "en": "{name} was remedied on {device} lately (work order {order}), "
        "which makes it less likely.",
        "zh": "{device} 近期已处理过“{name}”（工单 {order}），因此其可能性较低。",
    },
    "cause_about": {
        "en": "It concerns {channel}.",
        "zh": "涉及通道：{channel}。",
    },
    "cause_group": {
        "en": "The channels cannot tell it from {others}; the test named in the hypotheses can.",
        "zh": "仅凭现有通道无法与{others}区分，需做假设中所列的检验。",
    },
    "no_cause": {
        "en": "Cause not established.",
        "zh": "原因未确定。",
    },
    "no_cause_best": {
        "en": "{name} comes nearest, but the readings do not make it likelier than none of the "
        "known failure modes.",
        "zh": "“{name}”最为接近，但读数不足以说明它比“以上皆非”更可能。",
    },
    "no_cause_none": {
        "en": "The readings fit none of the known failure modes.",
        "zh": "读数与已知故障模式均不相符。",
    },
    "no_cause_blind": {
        "en": "What would be needed to judge could not be reached: {tools}.",
        "zh": "判断所需的信息无法获取：{tools}。",
    },
    "look": {
        "en": "Look at the device, compare its values with the rated limits, and check the "
        "instruments of the channels that deviate.",
        "zh": "到现场查看设备，将数值与额定限值比较，并检查偏离通道的仪表。",
    },
    "began": {"en": "The deviation begins.", "zh": "偏离开始。"},
    "differs": {
        "en": "{channel} begins to differ ({kind}).",
        "zh": "{channel}开始偏离（{kind}）。",
    },
    "alerted": {"en": "The alert is raised ({level}).", "zh": "触发报警（{level}）。"},
    "alerted_before": {
        "en": "An earlier alert of the device ({level}, {type}).",
        "zh": "该设备较早的一次报警（{level}，{type}）。",
    },
    "path": {
        "en": "The rules write the first report on every alert.",
        "zh": "每条报警的首份报告由规则生成。",
    },
    "order_about": {"en": "{device}: {cause}", "zh": "{device}：{cause}"},
    "order_alert": {"en": "Alert {trace_id}.", "zh": "报警 {trace_id}。"},
    "because_fault": {
        "en": "{name} calls for work on the machine at {level}.",
        "zh": "“{name}”需要按 {level} 对设备进行检修。",
    },
    "because_sensor": {
        "en": "{name} is checked on the instrument before anything is done to the machine.",
        "zh": "“{name}”应先检查仪表，再决定是否处理设备。",
    },
    "because_unknown": {
        "en": "The cause is not established: a person has to look, at {level}.",
        "zh": "原因未确定，需要人员按 {level} 到现场检查。",
    },
    "because_nothing": {
        "en": "{name} is no fault and no limit was passed: there is nothing to mend.",
        "zh": "“{name}”不属于故障，且未超过限值，无需检修。",
    },
    "step_lockout": {
        "en": "Stop, isolate and lock out the device; prove that it is de-energised and "
        "depressurised, and let it cool.",
        "zh": "停机、隔离并上锁挂牌；确认已断电、泄压并冷却。",
    },
    "step_safety": {
        "en": "Work with the device running: keep clear of what turns, is hot or under pressure.",
        "zh": "设备运行中作业：远离旋转、高温和承压部件。",
    },
    "step_sensor": {
        "en": "Compare the reading with a second instrument at the same place; check cable, "
        "connector and transmitter.",
        "zh": "在同一位置用另一仪表对比读数；检查电缆、接头和变送器。",
    },
    "step_record": {
        "en": "Record what was found, and whether it confirms the diagnosis.",
        "zh": "记录检查结果，并说明是否证实诊断。",
    },
    "step_restart": {
        "en": "Put it back into service and watch the channels that deviated until they are back "
        "in their normal range.",
        "zh": "恢复运行，并观察偏离的通道直至恢复正常范围。",
    },
    "propose_stop": {
        "en": "Change over and stop {device}, if the shift lead agrees.",
        "zh": "经当班负责人同意后切换并停运 {device}。",
    },
    "propose_maintenance": {
        "en": "Set {device} to MAINTENANCE while the work is done.",
        "zh": "检修期间将 {device} 置为 MAINTENANCE 状态。",
    },
    "wait_unknown": {
        "en": "Nobody knows yet what this does to the device; it may get worse unseen.",
        "zh": "尚不清楚对设备的影响，情况可能在不知不觉中恶化。",
    },
    "wait_bearing": {
        "en": "The bearing may seize and take shaft and seal with it.",
        "zh": "轴承可能卡死，并损坏轴和密封。",
    },
    "wait_rotor": {
        "en": "The vibration wears out bearings, seals and foundation.",
        "zh": "振动会加速轴承、密封和基础的损坏。",
    },
    "wait_seal": {
        "en": "The leak grows: loss of medium, danger to people and surroundings.",
        "zh": "泄漏会加剧，造成介质损失并危及人员和环境。",
    },
    "wait_hydraulic": {
        "en": "Flow is lost, and impeller and seal are damaged.",
        "zh": "流量下降，叶轮和密封会受损。",
    },
    "wait_process": {
        "en": "The device runs away from its duty point, and the process with it.",
        "zh": "设备偏离工况点运行，并影响工艺。",
    },
    "wait_cooling": {
        "en": "It goes on heating up, to the trip or to damage.",
        "zh": "温度继续升高，直至跳机或损坏。",
    },
    "wait_lubrication": {
        "en": "Bearings without lubricant wear fast and may seize.",
        "zh": "缺少润滑的轴承磨损很快，可能卡死。",
    },
    "wait_motor": {
        "en": "The winding overheats and its insulation ages, to failure.",
        "zh": "绕组过热，绝缘老化直至失效。",
    },
    "wait_electrical": {
        "en": "Conductors and windings overheat; trip and fire are possible.",
        "zh": "导体和绕组过热，可能跳闸甚至起火。",
    },
    "wait_structure": {
        "en": "Looseness grows by itself and wears out the machine.",
        "zh": "松动会自行加剧并损坏设备。",
    },
    "wait_sensor": {
        "en": "Until it is mended the channel is blind, and a real fault would not be seen there.",
        "zh": "修复之前该通道失去监测作用，真实故障可能无法发现。",
    },
    "wait_control": {
        "en": "None, if the change was meant; else the process stays off its target.",
        "zh": "若为人为调整则无影响；否则工艺将持续偏离目标。",
    },
}  # fmt: skip
"""By key and language; what stands in braces is put in by code."""

TERMS: dict[str, dict[Language, str]] = {
    "temperature": {"en": "temperature", "zh": "温度"},
    "fluid_temperature": {"en": "fluid_temperature", "zh": "介质温度"},
    "bearing_temperature": {"en": "bearing_temperature", "zh": "轴承温度"},
    "vibration": {"en": "vibration", "zh": "振动"},
    "vibration_velocity": {"en": "vibration_velocity", "zh": "振动速度"},
    "pressure": {"en": "pressure", "zh": "压力"},
    "current": {"en": "current", "zh": "电流"},
    "voltage": {"en": "voltage", "zh": "电压"},
    "flow": {"en": "flow", "zh": "流量"},
    "speed": {"en": "speed", "zh": "转速"},
    "power": {"en": "power", "zh": "功率"},
    "over_temp": {"en": "over-temperature", "zh": "超温"},
    "high_vibration": {"en": "high vibration", "zh": "振动过高"},
    "over_pressure": {"en": "over-pressure", "zh": "超压"},
    "over_limit": {"en": "over a rated limit", "zh": "超上限"},
    "under_limit": {"en": "under a rated limit", "zh": "低于下限"},
    "composite": {"en": "channels off their normal", "zh": "多通道偏离正常"},
    "sensor_fault": {"en": "sensor fault", "zh": "传感器故障"},
    "no_data": {"en": "no data", "zh": "无数据"},
    "device_reported": {"en": "reported by the device", "zh": "设备自报"},
    "drift": {"en": "drift", "zh": "漂移"},
    "composite_rule": {"en": "a rule over several channels", "zh": "多通道规则"},
    "up": {"en": "rose", "zh": "上升"},
    "down": {"en": "fell", "zh": "下降"},
    "none": {"en": "went", "zh": "变化"},
    "step": {"en": "step", "zh": "阶跃"},
    "ramp": {"en": "ramp", "zh": "渐变"},
    "spike": {"en": "spike", "zh": "尖峰"},
    "oscillation": {"en": "oscillation", "zh": "振荡"},
    "variance": {"en": "unrest", "zh": "波动加大"},
    "flat": {"en": "standstill", "zh": "数值不变"},
    "dropout": {"en": "drop-out", "zh": "数据中断"},
    "implausible": {"en": "implausible", "zh": "不合理"},
    "clock": {"en": "wrong clock", "zh": "时钟错误"},
    "unit": {"en": "another unit", "zh": "单位改变"},
    "unknown": {"en": "shape not known", "zh": "形态不明"},
}
