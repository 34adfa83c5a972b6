"""What the room of the assistant says, in English and in Chinese."""

from opsmith_tui.wording import Texts

ASSISTANT: Texts = {
    "ask_here": (
        "ask about the plant; Enter asks, Esc leaves this line",
        "输入问题；回车提问，Esc 离开输入",
    ),
    "begin": (
        "Ask about alerts, devices, trends, causes, work orders, knowledge; `help` says more.\n"
        "It reads through the plant's tools; a change is a card that you confirm.",
        "可询问报警、设备、趋势、原因、工单、知识；输入“帮助”查看更多。\n"
        "助手通过工厂工具读取数据；更改以卡片形式由您确认。",
    ),
    "by_rules_alone": ("No LLM is configured: the rules answer.", "未配置大模型：由规则回答。"),
    "by_model": (
        "The LLM answers: {model}; where it cannot, the rules do.",
        "由大模型回答：{model}；不可用时由规则回答。",
    ),
    "getting_ready": ("The assistant gets ready ...", "助手正在准备 ..."),
    "you": ("You", "您"),
    "running": ("… running", "… 进行中"),
    "thinking": ("… is being answered; Ctrl+G stops it", "… 正在回答；Ctrl+G 停止"),
    "stopped": ("✗ stopped; what stands above may be half an answer", "✗ 已停止；以上可能不完整"),
    "failed": ("✗ not answered: {reason}", "✗ 未能回答：{reason}"),
    "rules": ("answered by the rules", "由规则回答"),
    "person": ("confirmed by a person", "由人工确认"),
    "model": ("answered by {model}", "由 {model} 回答"),
    "tokens": (
        "{input} + {output} tokens, {requests} requests",
        "令牌 {input} + {output}，请求 {requests} 次",
    ),
    "cost": ("cost {cost}", "费用 {cost}"),
    "evidence": ("Evidence", "证据"),
    "earlier": ("from before", "先前的对话"),
    "card": ("Proposed change {number}", "拟议更改 {number}"),
    "card_until": ("y confirms, n lets it fall; waits until {at}", "y 确认，n 放弃；有效至 {at}"),
    "card_two": (
        "y accepts, o decides otherwise, n lets it fall; waits until {at}",
        "y 接受，o 作另一决定，n 放弃；有效至 {at}",
    ),
    "confirm_title": ("Confirm the proposed change {number}", "确认拟议更改 {number}"),
    "card_done": ("✓ {text}", "✓ {text}"),
    "card_failed": ("✗ Not done: {reason}", "✗ 未执行：{reason}"),
    "card_dismissed": ("✗ Let fall; nothing was done.", "✗ 已放弃；未执行任何操作。"),
    "no_card": ("No proposed change waits here.", "没有待确认的更改。"),
    "busy": ("An answer is on its way; Ctrl+G stops it.", "正在回答；按 Ctrl+G 停止。"),
    "forgotten": ("A new conversation.", "新对话。"),
    "not_kept": ("The conversation is not kept: {reason}", "对话未能保存：{reason}"),
}  # fmt: skip
