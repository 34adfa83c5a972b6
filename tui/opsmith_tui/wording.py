"""What the console says, in English and in Chinese."""

import re

from opsmith.domain.base import Language

Texts = dict[str, tuple[str, str]]

ROOMS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "overview": (("Overview", "总览"), ("Plant", "总览")),
    "alerts": (("Alerts", "报警"), ("Alerts", "报警")),
    "orders": (("Work orders", "工单"), ("Orders", "工单")),
    "decide": (("To decide", "待决定"), ("Decide", "待定")),
    "knowledge": (("Knowledge", "知识库"), ("Know", "知识")),
    "assistant": (("Assistant", "助手"), ("Ask", "助手")),
    "system": (("System", "系统"), ("System", "系统")),
    "audit": (("Audit", "审计"), ("Audit", "审计")),
}
"""The rooms by number: the name, and a short one for 80 columns."""

SCREEN: Texts = {
    "standing": ("{count} standing", "未恢复 {count}"),
    "live": ("live", "在线"),
    "connecting": ("connecting", "正在连接"),
    "stale_since": ("STALE since {at}", "数据停更于 {at}"),
    "no_rows_yet": ("Asking the plant ...", "正在查询 ..."),
    "failed_title": ("The plant does not answer.", "工厂服务没有应答。"),
    "failed_help": (
        "{reason}\nIt is asked again by itself. `opsmith doctor` says what answers.",
        "{reason}\n将自动重试。`opsmith doctor` 检查哪些服务可用。",
    ),
    "forbidden": (
        "Your key does not show this: it needs the role {role}.",
        "您的密钥无权查看：需要 {role} 角色。",
    ),
    "muted": ("The bell is off.", "已静音。"),
    "bell_on": ("The bell rings for a new P0.", "新的 P0 报警将响铃。"),
    "new_p0": ("P0: {device}, {type}", "P0：{device}，{type}"),
}

LIST: Texts = {
    "filter": (
        "what to look for; Enter keeps it, Esc ends it",
        "输入要查找的文字；回车保留，Esc 结束",
    ),
    "none_found": ("Nothing here contains “{text}”.", "没有包含“{text}”的内容。"),
    "esc": ("Esc shows everything again.", "按 Esc 显示全部。"),
}

FORM: Texts = {
    "title": ("Exactly this will be done", "将执行以下操作"),
    "keys": ("Tab next  Ctrl+S does it  Esc cancels", "Tab 下一项  Ctrl+S 执行  Esc 取消"),
    "do": ("Do it", "执行"),
    "cancel": ("Cancel", "取消"),
    "needed": ("{field} is needed", "必须填写：{field}"),
    "not_enabled": (
        "Not enabled here: the server publishes no `{tool}` for you.",
        "此处不可用：服务器没有向您提供 `{tool}`。",
    ),
    "not_done": ("Not done: {reason}", "未执行：{reason}"),
    "done": ("Done: {what}", "已执行：{what}"),
    "waits": (
        "Nothing is changed yet: {number} waits for a person (room 4).",
        "尚未更改：{number} 等待人工决定（第 4 页）。",
    ),
    "plant_asks": ("The plant asks: {text}", "工厂询问：{text}"),
    "nothing_to_undo": ("Nothing done here can be taken back.", "没有可撤销的操作。"),
    "undo": ("Take back: {what}", "撤销：{what}"),
}

ALERTS: Texts = {
    "empty_title": ("No alert stands.", "当前没有未恢复的报警。"),
    "empty_help": (
        "Nothing to do here. s shows suppressed alerts, r asks again.\n"
        "Alerts expected? `opsmith doctor` says what is configured and what answers;\n"
        "`opsmith demo` makes a small plant with faults.",
        "暂无需要处理的报警。按 s 显示被抑制的报警，按 r 重新查询。\n"
        "若本应有报警：`opsmith doctor` 检查配置与连接，\n"
        "`opsmith demo` 生成一个带故障的示例工厂。",
    ),
    "suppressed_shown": ("suppressed shown", "含被抑制"),
}

COLUMNS: Texts = {
    "level": ("Lvl", "级别"),
    "device": ("Device", "设备"),
    "type": ("Type", "类型"),
    "state": ("State", "状态"),
    "first_seen": ("First seen", "首次出现"),
    "age": ("Age", "已持续"),
    "count": ("Count", "次数"),
    "score": ("Score", "得分"),
    "channel": ("Main channel", "主要通道"),
}

PANES: Texts = {
    "report": ("Report", "报告"),
    "trend": ("Trend", "趋势"),
    "evidence": ("Evidence", "证据"),
}

LEVELS: Texts = {
    "P0": ("within minutes", "数分钟内处理"),
    "P1": ("this shift", "本班处理"),
    "P2": ("this week", "本周处理"),
    "P3": ("next planned stop", "下次计划停机处理"),
}

STATES: Texts = {
    "normal": ("normal", "正常"),
    "unacknowledged": ("unacknowledged", "未确认"),
    "acknowledged": ("acknowledged", "已确认"),
    "returned_to_normal_unacknowledged": ("returned, unacknowledged", "已恢复未确认"),
    "shelved": ("shelved", "已搁置"),
    "suppressed_by_design": ("suppressed by design", "设计抑制"),
    "out_of_service": ("out of service", "停用"),
}

SHORT_STATES: Texts = {
    "normal": ("ok", "正常"),
    "unacknowledged": ("UNACK", "未确认"),
    "acknowledged": ("ack", "已确认"),
    "returned_to_normal_unacknowledged": ("RTN", "已恢复"),
    "shelved": ("shelf", "搁置"),
    "suppressed_by_design": ("suppr", "抑制"),
    "out_of_service": ("oos", "停用"),
}

TYPES: Texts = {
    "over_temp": ("over temperature", "超温"),
    "high_vibration": ("high vibration", "振动过大"),
    "over_pressure": ("over pressure", "超压"),
    "over_limit": ("over limit", "超上限"),
    "under_limit": ("under limit", "低于下限"),
    "composite": ("composite", "综合异常"),
    "sensor_fault": ("sensor fault", "传感器故障"),
    "no_data": ("no data", "无数据"),
    "device_reported": ("device reported", "设备上报"),
    "drift": ("drift", "漂移"),
    "composite_rule": ("rule met", "规则触发"),
}

SHORT_TYPES: Texts = TYPES | {
    "over_temp": ("over temp", "超温"),
    "high_vibration": ("high vibr", "振动过大"),
    "over_pressure": ("over press", "超压"),
    "device_reported": ("dev report", "设备上报"),
}

CHANNELS: Texts = {
    "temperature": ("temperature", "温度"),
    "fluid_temperature": ("fluid temperature", "介质温度"),
    "vibration": ("vibration", "振动"),
    "vibration_velocity": ("vibration velocity", "振动速度"),
    "pressure": ("pressure", "压力"),
    "current": ("current", "电流"),
    "voltage": ("voltage", "电压"),
    "flow": ("flow", "流量"),
    "speed": ("speed", "转速"),
    "power": ("power", "功率"),
}

ALERT: Texts = {
    "one_version": ("The report has one version.", "报告只有一版。"),
    "loading": ("Asking the plant ...", "正在查询 ..."),
    "facts": ("Alert", "报警"),
    "first_seen": ("First seen", "首次出现"),
    "onset": ("Onset", "偏离起点"),
    "cleared": ("Cleared", "恢复时间"),
    "count": ("Readings", "偏离读数"),
    "score": ("Score", "得分"),
    "score_unit": ("(1 is the limit)", "（1 为限值）"),
    "state": ("State", "状态"),
    "handling": ("Handling", "处理进度"),
    "suppressed": ("Suppressed", "被抑制"),
    "shelved_until": ("Shelved until", "搁置至"),
    "by": ("by {by} at {at}", "{by} 于 {at}"),
    "share": ("share", "占比"),
    "expected": ("expected", "预期"),
    "limit": ("limit", "限值"),
    "report": ("Report of record", "现行报告"),
    "version": ("version {version} of {versions}", "第 {version} 版／共 {versions} 版"),
    "written_by": ("written by {by}", "撰写：{by}"),
    "rules": ("rules", "规则"),
    "no_report": (
        "No report yet. One is written when the responder has worked on it (`opsmith serve`).",
        "尚无报告。由响应程序（`opsmith serve`）处理后生成。",
    ),
    "cause": ("Cause", "原因"),
    "failure_mode": ("Failure mode", "故障模式"),
    "not_established": ("cause not established", "原因未确定"),
    "severity": ("Severity", "严重程度"),
    "confidence": ("Confidence", "置信度"),
    "now": ("Do now", "立即处置"),
    "lasting": ("Lasting remedy", "根本措施"),
    "confirm_by": ("Confirm by", "验证方法"),
    "hypotheses": ("Hypotheses", "候选原因"),
    "supported": ("supported", "有证据支持"),
    "refuted": ("refuted", "已排除"),
    "untested": ("untested", "未检验"),
    "for": ("for", "支持"),
    "against": ("against", "反对"),
    "separates": ("separate by", "区分方法"),
    "claims": ("Claims", "论断"),
    "fact": ("fact", "事实"),
    "hypothesis": ("hypothesis", "推测"),
    "removed": ("Cut by the check", "核查删除"),
    "timeline": ("Timeline", "时间线"),
    "coverage": ("Coverage", "检查范围"),
    "checked": ("checked", "已查"),
    "empty": ("empty", "无数据"),
    "stale": ("stale", "过期"),
    "unavailable": ("not reachable", "无法访问"),
    "decision": ("Decision", "决策"),
    "order_wanted": ("work order", "开工单"),
    "no_order": ("no work order", "不开工单"),
    "proposals": ("Waits for a person", "待人工决定"),
    "waiting": ("If nothing is done", "若不处理"),
    "orders": ("Work orders", "工单"),
    "no_orders": ("none for this alert", "无"),
    "order_failed": ("could not be asked: {reason}", "无法查询：{reason}"),
    "due": ("due", "期限"),
    "unreviewed": ("not reviewed by a person yet", "尚未人工审核"),
    "reviewed": ("reviewed by {by}", "审核：{by}"),
    "steps": ("Steps", "步骤"),
    "materials": ("Materials", "备件"),
    "hours": ("h", "小时"),
    "trend": ("Trend", "趋势"),
    "no_trend": ("No readings of {channel} in this window.", "该时段没有 {channel} 的读数。"),
    "no_channel": ("This alert names no channel.", "该报警没有指明通道。"),
    "evidence": ("Evidence", "证据"),
    "no_evidence": ("The report has no evidence yet.", "报告暂无证据。"),
    "tool": ("Tool", "工具"),
    "arguments": ("Arguments", "参数"),
    "result": ("Result", "结果"),
    "window": ("Window", "时段"),
    "digest": ("SHA-256", "SHA-256"),
    "failed": ("Could not be asked: {reason}", "无法查询：{reason}"),
}

RESULT_STATES: Texts = {
    "ok": ("ok", "完整"),
    "empty": ("empty", "无数据"),
    "stale": ("stale", "过期"),
    "truncated": ("truncated", "不完整"),
    "unavailable": ("unavailable", "无法访问"),
}

HANDLING: Texts = {
    "PENDING": ("waiting for a diagnosis", "等待诊断"),
    "DIAGNOSING": ("being diagnosed", "诊断中"),
    "COMPLETED": ("diagnosed", "已诊断"),
    "IGNORED": ("not diagnosed", "不诊断"),
}

SEVERITIES: Texts = {
    "CRITICAL": ("critical", "危急"),
    "HIGH": ("high", "高"),
    "MEDIUM": ("medium", "中"),
    "LOW": ("low", "低"),
}

ORDER_STATES: Texts = {
    "OPEN": ("open", "待处理"),
    "IN_PROGRESS": ("in progress", "进行中"),
    "COMPLETED": ("completed", "已完成"),
    "CANCELLED": ("cancelled", "已取消"),
}

ORDER_TYPES: Texts = {
    "EMERGENCY": ("emergency", "紧急"),
    "PLANNED": ("planned", "计划"),
    "INSPECTION": ("inspection", "点检"),
}

HELP: Texts = {
    "title": ("Keys", "按键"),
    "here": ("In this room", "本页"),
    "everywhere": ("Everywhere", "各页通用"),
    "levels": ("Levels: how soon to respond", "级别：应多快处理"),
    "close": ("Esc closes", "按 Esc 关闭"),
    "palette": ("room, action, device or alert ...", "页面、操作、设备或报警 ..."),
    "go_to": ("go to this room", "前往此页"),
    "open_device": ("open this device", "打开此设备"),
}


class Wording:
    """The console's words in one language, which can be changed while it runs."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, texts: Texts, key: str, **given: object) -> str:
        """The text of a key with its blanks filled; a key that is not known speaks for itself."""
        pair = texts.get(key)
        if pair is None:
            return key.replace("_", " ")
        text = pair[1] if self.language == "zh" else pair[0]
        # Not `str.format`: what is filled in comes from the plant, and may hold braces.
        return re.sub(r"\{(\w+)\}", lambda blank: str(given.get(blank[1], blank[0])), text)

    def of(self, pair: tuple[str, str]) -> str:
        """The one of a pair that is in the language."""
        return pair[1] if self.language == "zh" else pair[0]

    def switch(self) -> None:
        """Speak the other language."""
        self.language = "en" if self.language == "zh" else "zh"
