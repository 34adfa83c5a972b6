"""What the room of the knowledge says, in English and in Chinese."""

from opsmith_tui.wording import Texts

KNOWLEDGE: Texts = {
    "ask": (
        "words of a fault, English or Chinese; Enter searches, Esc leaves",
        "输入故障描述（中英文均可），回车搜索，Esc 离开",
    ),
    "severity": ("Severity", "严重度"),
    "name": ("Failure mode", "故障模式"),
    "why": ("Matched by", "匹配依据"),
    "category": ("Category", "类别"),
    "hours": ("Hours", "工时"),
    "any": ("any class", "全部类别"),
    "modes": ("{shown} of {total}", "{shown}／共 {total}"),
    "found": ("{shown} of {total} found", "找到 {total}，显示 {shown}"),
    "passages": ("{count} passages at the end", "末尾 {count} 段文件"),
    "page": ("p. {page}", "第 {page} 页"),
    "document": ("document", "文件"),
    "nothing_title": (
        "Nothing found for “{text}” ({class_}).",
        "未找到与“{text}”相关的内容（{class_}）。",
    ),
    "nothing_help": (
        "Try fewer or other words (/), or another class (c).\n"
        "Esc shows all failure modes of the class.",
        "请减少或更换词语（/），或更换设备类别（c）。\n按 Esc 显示该类别的全部故障模式。",
    ),
    "empty_title": ("The knowledge has nothing on this class.", "知识库中没有该类别的内容。"),
    "empty_help": ("c takes the next class.", "按 c 换下一个类别。"),
    "absent_title": ("The knowledge is not open to you here.", "此处无法查看知识库。"),
    "absent_help": (
        "The server does not offer its tools to your role; ask an administrator.",
        "服务器未向您的角色提供知识库工具，请联系管理员。",
    ),
    "choose": ("Choose a row to read it whole.", "选择一行查看全文。"),
    "failed": ("Could not be asked: {reason}", "无法查询：{reason}"),
    "symptoms": ("Symptoms", "症状"),
    "pattern": ("How it shows", "表现规律"),
    "signs": ("Channels", "通道迹象"),
    "root_cause": ("Cause", "原因"),
    "immediate_action": ("Do now", "立即处置"),
    "confirm_by": ("Check that settles it", "确认检查"),
    "solution": ("Remedy", "处理措施"),
    "prevention": ("Prevention", "预防"),
    "parts": ("Parts", "备件"),
    "labour": ("Labour", "工时"),
    "labour_hours": ("{hours} h, {skills}", "{hours} 小时，{skills}"),
    "lockout": ("Lock-out", "上锁挂牌"),
    "lockout_needed": (
        "⚠ NEEDED: isolate, lock out and prove dead first",
        "⚠ 需要：作业前先隔离、上锁挂牌并验电",
    ),
    "lockout_not": ("not needed for the remedy", "处理时不需要"),
    "look_alikes": ("Look-alikes, and the test between them", "易混淆故障及区分方法"),
    "classes": ("Device classes", "设备类别"),
    "source": ("Source", "来源"),
    "entry": ("Entry", "条目"),
    "iso": ("ISO 14224", "ISO 14224"),
    "heading": ("Heading", "标题"),
    "version": ("Version", "版本"),
    "quote": ("Passage", "段落"),
    "whole_page": ("The whole page", "整页内容"),
    "quoted": (
        "Quoted from the plant's own document.",
        "引自本厂文件。",
    ),
    "up": ("rises", "上升"),
    "down": ("falls", "下降"),
    "none": ("stays as it was", "不变"),
    "moves": ("changes", "变化"),
}  # fmt: skip

CLASS_NAMES: Texts = {
    "": ("any class", "全部类别"),
    "*": ("any device", "任何设备"),
    "rotating": ("rotating machine", "旋转机械"),
    "chiller": ("chiller", "冷水机"),
    "air_handler": ("air handler", "空调机组"),
    "hydraulic_station": ("hydraulic station", "液压站"),
    "machine_tool": ("machine tool", "机床"),
    "optical_transceiver": ("optical transceiver", "光模块"),
    "energy_meter": ("energy meter", "电能表"),
    "transformer": ("transformer", "变压器"),
    "heat_exchanger": ("heat exchanger", "换热器"),
    "compressor": ("compressor", "压缩机"),
    "pump": ("pump", "泵"),
    "valve": ("valve", "阀"),
    "motor": ("motor", "电机"),
    "conveyor": ("conveyor", "输送机"),
    "gearbox": ("gearbox", "齿轮箱"),
    "fan": ("fan", "风机"),
}

CATEGORIES: Texts = {
    "bearing": ("bearing", "轴承"),
    "rotor": ("rotor", "转子"),
    "seal": ("seal", "密封"),
    "hydraulic": ("hydraulic", "水力"),
    "process": ("process", "工艺"),
    "cooling": ("cooling", "冷却"),
    "lubrication": ("lubrication", "润滑"),
    "motor": ("motor", "电机"),
    "electrical": ("electrical", "电气"),
    "structure": ("structure", "结构"),
    "sensor": ("sensor", "传感器"),
    "control": ("control", "控制"),
    "unknown": ("unknown", "未知"),
}

SKILLS: Texts = {
    "mechanic": ("mechanic", "机修工"),
    "electrician": ("electrician", "电工"),
    "instrument_technician": ("instrument technician", "仪表工"),
    "automation_technician": ("automation technician", "自动化工程师"),
    "vibration_analyst": ("vibration analyst", "振动分析师"),
    "lubrication_technician": ("lubrication technician", "润滑工"),
    "operator": ("operator", "操作员"),
}

SOURCES: Texts = {
    "MANUAL": ("written by people", "人工编写"),
    "AI_GENERATED": ("drafted by a model", "模型起草"),
    "VENDOR": ("of the maker", "厂商提供"),
}
