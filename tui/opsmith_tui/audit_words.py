"""What the room of the audit says, in English and in Chinese."""

from opsmith_tui.wording import Texts

AUDIT: Texts = {
    "at": ("Time", "时间"),
    "caller": ("Who", "操作者"),
    "via": ("By way of", "途径"),
    "action": ("What", "操作"),
    "outcome": ("Outcome", "结果"),
    "device": ("Device", "设备"),
    "role": ("Role", "角色"),
    "detail": ("Detail", "说明"),
    "arguments": ("Arguments", "参数"),
    "cut": (
        "(cut short; `opsmith audit list` has it whole)",
        "（已截断；全文见 `opsmith audit list`）",
    ),
    "digest": ("Digest (SHA-256)", "摘要（SHA-256）"),
    "previous": ("Digest of the row before", "上一行摘要"),
    "row": ("Row {seq}", "第 {seq} 行"),
    "empty_title": ("Nobody has changed anything yet.", "尚无任何更改记录。"),
    "empty_help": (
        "Every change, and every one that was refused, is kept here with who asked for it.",
        "每项更改及被拒绝的操作都连同操作者记录在此。",
    ),
    "shown": ("{count} rows; m shows older ones", "{count} 行；按 m 显示更早的"),
    "all_shown": ("{count} rows, all there are", "共 {count} 行，已全部显示"),
    "whole": (
        "✓ The chain is whole: {rows} rows, none altered, none taken out. Newest digest: {digest}",
        "✓ 审计链完整：共 {rows} 行，无篡改、无缺失。最新摘要：{digest}",
    ),
    "whole_empty": ("The log has no rows; its chain is whole.", "审计日志没有记录，链完整。"),
    "broken": (
        "✗ THE CHAIN IS BROKEN at row {seq}: it was altered, or follows one that is missing. "
        "Do not trust what comes after it; compare with a backup.",
        "✗ 审计链在第 {seq} 行断裂：该行被篡改，或其前有行缺失。其后内容不可信，请与备份比对。",
    ),
    "not_checked": ("not checked: {reason}", "未检查：{reason}"),
}  # fmt: skip

OUTCOMES: Texts = {
    "done": ("✓ done", "✓ 已执行"),
    "proposed": ("… proposed", "… 已提议"),
    "confirmed": ("✓ confirmed", "✓ 已批准"),
    "declined": ("✗ declined", "✗ 已否决"),
    "refused": ("✗ refused", "✗ 被拒绝"),
    "failed": ("✗ failed", "✗ 失败"),
}

WAYS: Texts = {
    "local": ("this process", "本进程"),
    "stdio": ("stdio", "标准输入输出"),
    "http": ("HTTP", "HTTP"),
    "chat": ("chat", "聊天"),
    "console": ("console", "控制台"),
    "command": ("command", "命令行"),
}
