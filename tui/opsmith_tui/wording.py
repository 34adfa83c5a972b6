"""What the console says, in English and in Chinese."""

import re

from opsmith.domain.base import Language

Texts = dict[str, tuple[str, str]]

SCREEN: Texts = {
    "title": ("opsmith  alerts", "opsmith  报警"),
    "standing": ("standing", "未恢复"),
    "shown": ("of {total}", "／共 {total}"),
    "plant_time": ("plant", "工厂时间"),
    "live": ("live", "在线"),
    "connecting": ("connecting", "正在连接"),
    "stale_since": ("STALE since {at}", "数据停更于 {at}"),
    "no_rows_yet": ("Asking the plant ...", "正在查询 ..."),
    "empty_title": ("No alert stands.", "当前没有未恢复的报警。"),
    "empty_help": (
        "Nothing to do here. s shows suppressed alerts, r asks again.\n"
        "Alerts expected? `opsmith doctor` says what is configured and what answers;\n"
        "`opsmith demo` makes a small plant with faults.",
        "暂无需要处理的报警。按 s 显示被抑制的报警，按 r 重新查询。\n"
        "若本应有报警：`opsmith doctor` 检查配置与连接，\n"
        "`opsmith demo` 生成一个带故障的示例工厂。",
    ),
    "failed_title": ("The plant does not answer.", "工厂服务没有应答。"),
    "failed_help": (
        "{reason}\nIt is asked again by itself. `opsmith doctor` says what answers.",
        "{reason}\n将自动重试。`opsmith doctor` 检查哪些服务可用。",
    ),
    "not_enabled": (
        "Acknowledging is not enabled here: the server publishes no `acknowledge_alert`.",
        "此处未启用确认：服务器没有提供 `acknowledge_alert`。",
    ),
    "acknowledged": ("{device}: {state}, by {by}", "{device}：{state}，操作人 {by}"),
    "not_done": ("Not done: {reason}", "未执行：{reason}"),
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

KEYS: Texts = {
    "open": ("Open", "打开"),
    "acknowledge": ("Ack", "确认"),
    "suppressed": ("Suppressed", "被抑制"),
    "refresh": ("Refresh", "刷新"),
    "language": ("中文", "English"),
    "help": ("Help", "帮助"),
    "quit": ("Quit", "退出"),
    "back": ("Back", "返回"),
    "report": ("Report", "报告"),
    "trend": ("Trend", "趋势"),
    "evidence": ("Evidence", "证据"),
    "channel": ("Channel", "换通道"),
    "theme": ("Light/dark", "明/暗"),
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
    "loading": ("Asking the plant ...", "正在查询 ..."),
    "facts": ("Alert", "报警"),
    "first_seen": ("First seen", "首次出现"),
    "onset": ("Onset", "偏离起点"),
    "last_seen": ("Last seen", "最近出现"),
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
    "list": ("In the list of alerts", "报警列表"),
    "one": ("In one alert", "单个报警"),
    "both": ("In both", "两处通用"),
    "move": ("move the cursor", "移动光标"),
    "ends": ("first, last alert", "第一条、最后一条"),
    "open": ("open the alert", "打开报警"),
    "acknowledge": (
        "acknowledge the alert: you have seen it (not a repair, not a dismissal)",
        "确认报警：表示已看到（不代表已修复或忽略）",
    ),
    "suppressed": ("show or hide suppressed alerts", "显示或隐藏被抑制的报警"),
    "refresh": ("ask the plant again now", "立即重新查询"),
    "panes": ("report, trend, evidence", "报告、趋势、证据"),
    "scroll": ("scroll, or choose evidence", "滚动，或选择证据"),
    "channel": ("draw the next channel that deviated", "切换到下一个偏离的通道"),
    "next": ("next pane", "下一个窗格"),
    "back": ("back to the list", "返回列表"),
    "language": ("English, Chinese", "切换中文、英文"),
    "theme": ("light, dark", "浅色、深色"),
    "palette": ("all commands, themes among them", "全部命令（含主题）"),
    "help": ("this page", "本页"),
    "quit": ("quit", "退出"),
    "levels": ("Levels: how soon to respond", "级别：应多快处理"),
    "close": ("Esc closes", "按 Esc 关闭"),
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

    def switch(self) -> None:
        """Speak the other language."""
        self.language = "en" if self.language == "zh" else "zh"
