"""What the assistant says of itself, in English and Chinese."""

from collections.abc import Mapping

from opsmith.domain.base import Language

HELP: Mapping[Language, str] = {
    "en": """\
I understand questions such as:

- *overview*, *list the devices of line L002*, *status of PUMP_01*
- *compare vibration of MOTOR_01 and MOTOR_02*, *temperature of COMP_01 at 11:00*
- *trend of vibration of pump 1, last 3 hours*
- *standing alerts*, *alerts of PUMP_01, last 7 days*
- *why did PUMP_01 alarm?*, *report on AL-…* (the stored diagnosis, with its evidence)
- *work orders of PUMP_01*, *show WO-…*
- *when will PUMP_01 reach a limit?*
- *how do I fix cavitation of a pump?*

Every number comes from the plant's tools; each call is shown as a step.""",
    "zh": """\
可以这样提问：

- *总览*、*L002 产线有哪些设备*、*PUMP_01 状态怎么样*
- *比较 MOTOR_01 和 MOTOR_02 的振动*、*COMP_01 11:00 的温度*
- *1号泵最近3小时的振动趋势*
- *当前有哪些报警*、*PUMP_01 最近7天的报警*
- *PUMP_01 为什么报警*、*AL-… 的诊断报告*（显示已存的报告及证据）
- *PUMP_01 的工单*、*查看 WO-…*
- *预测 PUMP_01 何时超限*
- *泵的汽蚀怎么处理*

所有数字均来自工厂工具，每次调用都会作为步骤显示。""",
}

NOT_UNDERSTOOD: Mapping[Language, str] = {
    "en": "I did not understand that.",
    "zh": "没有理解这个问题。",
}

CREATE_ORDER: Mapping[Language, str] = {
    "en": (
        "I create no work orders. opsmith opens one by itself for each alert whose diagnosis calls "
        "for it; ask *work orders of …* to see it. By hand, use the tool `create_work_order` of "
        "`opsmith mcp work_orders` with `OPSMITH_ALLOW_WRITES=true`."
    ),
    "zh": (
        "这里不创建工单。诊断认为需要时，opsmith 会为报警自动建立工单；可问“…的工单”查看。"
        "手工创建请在 `OPSMITH_ALLOW_WRITES=true` 下使用 `opsmith mcp work_orders` 的工具 "
        "`create_work_order`。"
    ),
}

CHANGE: Mapping[Language, str] = {
    "en": (
        "I only look; I change nothing. Acknowledge an alert in `opsmith tui` with `a`, or with "
        "the tools of `opsmith mcp` and `OPSMITH_ALLOW_WRITES=true`. Machines are never switched "
        "from here."
    ),
    "zh": (
        "这里只查询，不作任何更改。确认报警请在 `opsmith tui` 中按 `a`，或在 "
        "`OPSMITH_ALLOW_WRITES=true` 下使用 `opsmith mcp` 的工具；设备不能从这里启停。"
    ),
}

NO_LLM: Mapping[Language, str] = {
    "en": "The LLM did not answer ({reason}); this comes from the rules.",
    "zh": "大模型没有应答（{reason}），以下由规则回答。",
}

UNSUPPORTED: Mapping[Language, str] = {
    "en": "Not found in what the tools returned: {figures}.",
    "zh": "工具返回的结果中没有：{figures}。",
}
