"""Words of the room of work orders."""

from opsmith_tui.wording import Texts

ORDERS: Texts = {
    "status": ("State", "状态"),
    "priority": ("Prio", "优先级"),
    "order_no": ("Order", "工单号"),
    "device": ("Device", "设备"),
    "due": ("Due", "期限"),
    "assigned": ("For", "负责人"),
    "kind": ("Type", "类型"),
    "what": ("What is to be done", "工作内容"),
    "overdue": ("{due} LATE", "{due} 逾期"),
    "unreviewed": ("not reviewed", "未审核"),
    "of_undone": ("{count} undone", "未完成 {count}"),
    "late": ("{count} late", "逾期 {count}"),
    "closed_too": ("closed shown", "含已关闭"),
    "empty_title": ("No work order is undone.", "没有未完成的工单。"),
    "empty_help": (
        "n creates one; s shows those that were closed in the last 30 days.",
        "按 n 开工单；按 s 显示近 30 天关闭的工单。",
    ),
    "no_alert": ("This order answers no alert.", "此工单不对应任何报警。"),
    "planned": ("Planned", "计划开始"),
    "started": ("Started", "开工"),
    "completed": ("Closed", "关闭"),
    "created": ("Created", "创建"),
    "hours": ("Hours", "工时"),
    "hours_of": ("{estimated} estimated, {actual} actual", "预计 {estimated}，实际 {actual}"),
    "steps": ("Steps", "步骤"),
    "materials": ("Parts", "备件"),
    "alerts": ("Alerts", "报警"),
    "mode": ("Failure mode", "故障模式"),
    "found": ("Found", "发现"),
    "done": ("Done", "处理"),
    "notes": ("Closing notes", "关闭说明"),
    "history": ("History", "变更记录"),
    "reviewed": ("Reviewed by", "审核人"),
    "merged": ("Merged into", "已并入"),
    "nothing": ("nothing", "无"),
    "not_a_time": (
        "No time: {text}; such as 2026-02-28 14:30",
        "不是时间：{text}；例如 2026-02-28 14:30",
    ),
    "not_hours": ("No number of hours: {text}", "不是小时数：{text}"),
    "none_of_these": ("no fault was found", "未发现故障"),
    "other": ("something else", "其他"),
}

TITLES: Texts = {
    "create": ("Create a work order", "开工单"),
    "assign": ("Assign {order}", "指派 {order}"),
    "plan": ("Plan {order}", "计划 {order}"),
    "review": ("Note that you reviewed {order}", "标记已审核 {order}"),
    "start": ("Start {order}", "开工 {order}"),
    "close": ("Close {order}", "关闭 {order}"),
    "back": ("Set {order} to what it was", "恢复 {order} 的原值"),
}

OUTCOMES: Texts = {
    "COMPLETED": ("completed", "已完成"),
    "CANCELLED": ("cancelled", "已取消"),
}
