"""What the room of what waits for a person says, in English and in Chinese."""

from opsmith_tui.wording import Texts

DECIDE: Texts = {
    "kind": ("Kind", "类别"),
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
    "cause": ("Cause", "原因"),
    "solution": ("Remedy", "处理方法"),
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
    "accept": ("Accept into the knowledge", "收入知识库"),
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
