"""What the room of what waits for a person says, in English and in Chinese."""

from opsmith_tui.wording import Texts

DECIDE: Texts = {
    "action": ("Action", "操作"),
    "what": ("What", "内容"),
    "about": ("Device/entry", "设备/条目"),
    "by": ("By", "提出者"),
    "since": ("Since", "提出时间"),
    "until": ("Until", "有效期至"),
    "needs": ("Needs", "所需角色"),
    "proposal": ("change", "更改"),
    "entry": ("knowledge", "知识"),
    "one": ("{kind} {number}", "{kind} {number}"),
    "exactly": ("Exactly this will happen", "确认后将执行"),
    "reason": ("Why", "原因"),
    "tool": ("Tool", "工具"),
    "arguments": ("Arguments", "参数"),
    "classes": ("Device types", "设备类型"),
    "loading": ("Asking the plant ...", "正在查询 ..."),
    "name": ("Name", "名称"),
    "symptoms": ("Symptoms", "症状"),
    "fault_pattern": ("How it shows", "表现形式"),
    "root_cause": ("Cause", "原因"),
    "confirm_by": ("Confirm by", "验证方法"),
    "immediate_action": ("Do now", "立即处置"),
    "solution": ("Remedy", "处理方法"),
    "prevention": ("Prevention", "预防"),
    "signs": ("Signs: channel, direction, log odds", "征兆：通道、方向、对数几率"),
    "parts": ("Parts", "备件"),
    "hours": ("Hours", "工时"),
    "lockout": ("Needs isolation (lock-out)", "需隔离上锁"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "reference": ("Where it comes from", "出处"),
    "versions": ("Versions", "版本"),
    "more_evidence": (
        "{count} older orders are not shown here; `opsmith kb review` shows all.",
        "另有 {count} 个较早的工单未显示；`opsmith kb review` 可查看全部。",
    ),
    "no_edit": (
        "Only knowledge is edited; a change is confirmed or rejected as it is.",
        "只有知识条目可以修改；更改只能原样批准或否决。",
    ),
    "evidence": ("Evidence: closed orders", "依据：已关闭工单"),
    "no_evidence": ("none given", "未提供"),
    "empty_title": ("Nothing waits for a decision.", "没有待决定的事项。"),
    "empty_help": (
        "Changes that somebody or the assistant proposes, and new knowledge, come here.\n"
        "r asks again.",
        "他人或助手提出的更改以及新的知识条目会出现在这里。\n按 r 重新查询。",
    ),
    "no_proposals": (
        "Your key does not show proposed changes: it needs the role operator.",
        "您的密钥无权查看提议的更改：需要操作员角色。",
    ),
    "no_knowledge": (
        "Knowledge that waits for review is not shown here: the server publishes no "
        "`show_learning` for you.",
        "此处不显示待审核的知识：服务器没有向您提供 `show_learning`。",
    ),
    "waiting": ("{count} to decide", "待决定 {count}"),
    "more": ("more wait: these are the newest", "还有更多，此处为最新的"),
    "confirm": ("Confirm", "批准"),
    "accept": ("Accept", "收入"),
    "reject": ("Reject", "否决"),
    "no_device": ("This is about no device.", "此事项不涉及设备。"),
    "ended": (
        "Nothing was done: {number} is {status}. {outcome}",
        "未执行：{number} {status}。{outcome}",
    ),
}

STATUSES: Texts = {
    "PENDING": ("waiting", "等待中"),
    "DONE": ("done", "已执行"),
    "REJECTED": ("rejected", "已否决"),
    "EXPIRED": ("expired", "已过期"),
    "LAPSED": ("out of date; propose it anew", "已失效，请重新提出"),
}

ACTIONS: Texts = {
    "start_work_order": ("start order", "工单开工"),
    "close_work_order": ("close order", "关闭工单"),
    "create_work_order": ("create order", "开工单"),
    "update_work_order": ("change order", "更改工单"),
    "update_device_status": ("set status", "更改状态"),
    "renew_baseline": ("new baseline", "重建基线"),
    "review_knowledge": ("review entry", "审核知识"),
    "knowledge": ("new entry", "新知识"),
}
"""What a tool does, in the words of the list."""

ENTRY_STATES: Texts = {
    "CANDIDATE": ("waits", "待审核"),
    "ACCEPTED": ("accepted", "已收入"),
    "REJECTED": ("rejected", "已否决"),
    "RETIRED": ("retired", "已停用"),
}

WAYS: Texts = {
    "up": ("rises", "上升"),
    "down": ("falls", "下降"),
    "none": ("stays", "不变"),
    "any": ("changes", "变化"),
}
