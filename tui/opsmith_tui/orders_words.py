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
    "cut": (
        "{known} of {total} loaded, / finds the others",
        "已载入 {known}/{total}，按 / 查找其余",
    ),
    "of_all": ("{count} of {total}", "{count}/{total}"),
    "empty_title": ("No work order is undone.", "没有未完成的工单。"),
    "empty_help": (
        "n creates one; s shows or hides those that were closed in the last 30 days.",
        "按 n 开工单；按 s 显示或隐藏近 30 天关闭的工单。",
    ),
    "is_closed": ("This order is closed; nothing is changed.", "此工单已关闭，不再更改。"),
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

FIELDS: Texts = {
    "trace_id": ("alert", "报警"),
    "trace_ids": ("alerts", "报警"),
    "device_id": ("device", "设备"),
    "failure_mode": ("failure mode", "故障模式"),
    "order_type": ("type", "类型"),
    "work_class": ("class", "作业类别"),
    "priority": ("priority", "优先级"),
    "description": ("what is to be done", "工作内容"),
    "steps": ("steps", "步骤"),
    "assigned_to": ("for", "负责人"),
    "reviewed_by": ("reviewed by", "审核人"),
    "status": ("state", "状态"),
    "merged_into": ("merged into", "并入"),
    "estimated_hours": ("estimated hours", "预计工时"),
    "actual_hours": ("actual hours", "实际工时"),
    "materials": ("parts", "备件"),
    "costs": ("costs", "费用"),
    "failure_code": ("failure code", "故障代码"),
    "found": ("found", "发现"),
    "done": ("done", "处理"),
    "closing_notes": ("closing notes", "关闭说明"),
    "source": ("source", "来源"),
    "external_no": ("number elsewhere", "外部编号"),
    "created_by": ("created by", "创建人"),
    "planned_at": ("planned", "计划开始"),
    "started_at": ("started", "开工"),
    "due_at": ("due", "期限"),
    "failed_at": ("failed", "故障时间"),
    "restored_at": ("restored", "恢复时间"),
    "completed_at": ("closed", "关闭"),
}
"""Names of an order's fields, as its history tells them."""

WORK_CLASSES: Texts = {
    "corrective": ("corrective", "纠正性"),
    "preventive": ("preventive", "预防性"),
    "condition_based": ("condition-based", "基于状态"),
}
