"""What the overview says, in English and in Chinese."""

from opsmith_tui.wording import Texts

OVERVIEW: Texts = {
    "no_line": ("no line", "未分产线"),
    "devices": ("{count} devices", "{count} 台设备"),
    "silent": ("silent {count}", "无数据 {count}"),
    "hidden": ("{count} folded", "已折叠 {count}"),
    "empty_title": ("No device is known yet.", "尚无设备。"),
    "empty_help": (
        "Devices come with `opsmith import devices`, or with their first reading.\n"
        "`opsmith demo` makes a small plant with faults.",
        "用 `opsmith import devices` 导入设备，或在首次收到读数时自动登记。\n"
        "`opsmith demo` 生成一个带故障的示例工厂。",
    ),
    "unknown_ages": (
        "readings not reachable: ages and silence are not known",
        "无法访问读数：数据时间与是否静默未知",
    ),
    "no_alert": ("No alert stands on {device}.", "{device} 没有未恢复的报警。"),
    "maintenance_until": ("until {at}", "至 {at}"),
    "last_reading": ("last reading {age} ago", "最后读数 {age}前"),
    "never": ("no reading ever", "从未收到读数"),
    "criticality": ("criticality {number}", "重要度 {number}"),
    "not_registered": ("not registered", "未登记"),
    "folded_line": ("folded; x or Enter unfolds", "已折叠；按 x 或回车展开"),
    "legend": (
        "■ stopped  ◆ maintenance  × retired  ○ silent",
        "■ 停机  ◆ 检修  × 退役  ○ 无数据",
    ),
}

STATUSES: Texts = {
    "RUNNING": ("running", "运行"),
    "STOPPED": ("stopped", "停机"),
    "MAINTENANCE": ("maintenance", "检修"),
    "RETIRED": ("retired", "退役"),
    "SILENT": ("silent", "无数据"),
}

SHORT_STATUSES: Texts = {
    "RUNNING": ("run", "运行"),
    "STOPPED": ("stop", "停机"),
    "MAINTENANCE": ("maint", "检修"),
    "RETIRED": ("retd", "退役"),
    "SILENT": ("silent", "无数据"),
}

SIGNS = {"RUNNING": "●", "STOPPED": "■", "MAINTENANCE": "◆", "RETIRED": "×", "SILENT": "○"}
"""The same without words."""
