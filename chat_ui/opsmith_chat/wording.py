"""The page's own words, in English and Chinese."""

from dataclasses import dataclass

from opsmith.domain.base import Language


@dataclass(frozen=True, slots=True)
class Words:
    """Texts of one language; names in braces are filled in."""

    locale: str
    """What Chainlit calls the language."""
    description: str
    placeholder: str
    help: str
    """Title of the help, and the button that opens it."""
    model_answers: str
    rules_answer: str
    by_model: str
    by_rules: str
    by_rules_alone: str
    stopped: str
    failed: str
    too_long: str
    standing: str
    help_question: str
    why: str
    how: str
    trend: str


WORDS: dict[Language, Words] = {
    "en": Words(
        locale="en-US",
        description="Questions about the plant, answered from its data",
        placeholder="Ask about a device, alert or order",
        help="Help",
        model_answers="{model} answers from the plant's tools, as the steps show. "
        "Check what matters.",
        rules_answer="No language model is configured: rules answer, from the plant's tools, "
        "as the steps show.",
        by_model="Answered by {model}.",
        by_rules="Answered by rules.",
        by_rules_alone="Answered by rules; no language model is configured.",
        stopped="stopped before it ended",
        failed="This question could not be answered: something failed here. "
        "The log of `opsmith chat` says what.",
        too_long="A question may have {most} characters at most; this one has {length}.",
        standing="Which alerts stand now?",
        help_question="What can you do?",
        why="Why did {device} alarm?",
        how="Status of {device}",
        trend="Trend of {channel} of {device}, last 3 hours",
    ),
    "zh": Words(
        locale="zh-CN",
        description="查询工厂设备，以数据作答",
        placeholder="用中文或英文询问设备、报警或工单",
        help="帮助",
        model_answers="由 {model} 依据工厂工具的数据作答（见各步骤），重要内容请核对。",
        rules_answer="未配置大模型：由规则依据工厂工具的数据作答（见各步骤）。",
        by_model="由 {model} 回答。",
        by_rules="由规则回答。",
        by_rules_alone="由规则回答；未配置大模型。",
        stopped="未完成即停止",
        failed="此问题未能回答：程序出错，详见 `opsmith chat` 的日志。",
        too_long="问题最多 {most} 个字符，本次为 {length} 个。",
        standing="当前有哪些报警？",
        help_question="你能做什么？",
        why="{device} 为什么报警？",
        how="{device} 状态怎么样？",
        trend="{device} 最近3小时的{channel}趋势",
    ),
}
