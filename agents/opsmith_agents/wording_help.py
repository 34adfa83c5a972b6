"""What the assistant says of itself, in English and Chinese."""

from collections.abc import Mapping

from opsmith.domain.base import Language

HELP: Mapping[Language, str] = {
    "en": """\
I understand questions such as:

- *overview*, *list the devices of line L002*, *which devices are silent*, *status of PUMP_01*
- *trend of vibration of pump 1, last 3 hours*, *temperature of COMP_01 at 11:00*
- *compare vibration of MOTOR_01 and MOTOR_02*, *compare PUMP_01 with yesterday*,
  *compare PUMP_01 with its peers*
- *standing alerts*, *alerts of PUMP_01, last 7 days*, *unacknowledged alerts*
- *why did PUMP_01 alarm?*, *report on AL-…* (the stored diagnosis, with its evidence)
- *why was AL-… held back?*, *which alerts are suppressed?*
- *diagnose PUMP_01* (runs the rules now, reading only; nothing is stored)
- *work orders of PUMP_01*, *overdue orders*, *show WO-…*
- *when will PUMP_01 reach a limit?*, *which device will fail first?*
- *how do I fix cavitation of a pump?*
- *shift handover*, *handover summary for the last 12 hours*

And I draft changes, as a card that a person confirms; nothing is done before:

- *create an order for PUMP_01: replace the seal*, *acknowledge AL-…*, *shelve AL-… for 30 min*,
  *set PUMP_02 to maintenance for 4 hours*, *start WO-…*,
  *assign WO-… to Li*, *set WO-… to P1*, *what waits for review*

I remember what we spoke of (*and yesterday?*, *the other pump*, *its orders*) until *forget that*.
Every number comes from the plant's tools; each call is shown as a step.""",
    "zh": """\
可以这样提问：

- *总览*、*L002 产线有哪些设备*、*哪些设备没有数据*、*PUMP_01 状态怎么样*
- *1号泵最近3小时的振动趋势*、*COMP_01 11:00 的温度*
- *比较 MOTOR_01 和 MOTOR_02 的振动*、*PUMP_01 和昨天比*、*PUMP_01 与同类设备对比*
- *当前有哪些报警*、*PUMP_01 最近7天的报警*、*未确认的报警*
- *PUMP_01 为什么报警*、*AL-… 的诊断报告*（显示已存的报告及证据）
- *AL-… 为什么被抑制*、*哪些报警被抑制了*
- *诊断 PUMP_01*（立即运行规则，只读取数据，不存储）
- *PUMP_01 的工单*、*逾期的工单*、*查看 WO-…*
- *预测 PUMP_01 何时超限*、*哪台设备最先坏*
- *泵的汽蚀怎么处理*
- *交接班*、*最近12小时的交班小结*

也可以起草操作，以卡片显示，由人员确认后才执行：

- *给 PUMP_01 开工单：更换密封*、*确认报警 AL-…*、*把 AL-… 搁置30分钟*、
  *把 PUMP_02 设为检修4小时*、*开始 WO-…*、*把 WO-… 指派给李伟*、
  *把 WO-… 改为 P1*、*有哪些待审核的知识*

会记住前面谈到的内容（*那昨天呢*、*另一台泵*、*它的工单*），直到说*忘掉前面的*。
所有数字均来自工厂工具，每次调用都会作为步骤显示。""",
}

NOT_UNDERSTOOD: Mapping[Language, str] = {
    "en": "I did not understand that.",
    "zh": "没有理解这个问题。",
}

FORGOTTEN: Mapping[Language, str] = {
    "en": "Forgotten: the next question starts anew.",
    "zh": "已清除对话记忆，下一个问题将重新开始。",
}

CHANGE: Mapping[Language, str] = {
    "en": (
        "That I do not do. Machines are never switched from here; orders are closed and cancelled "
        "with `close_work_order` of `opsmith mcp work_orders`. I can draft a work order, an "
        "acknowledgement, a shelving or a maintenance for a person to confirm."
    ),
    "zh": (
        "此操作不在这里执行。设备不能从这里启停；工单用 `opsmith mcp work_orders` 的 "
        "`close_work_order` 关闭或取消。可以起草新建工单、确认或搁置报警、设为检修，由人员确认。"
    ),
}

CONFIRM_HOW: Mapping[Language, str] = {
    "en": "Nothing is done by words. {number} card(s) wait: a person confirms them at the card.",
    "zh": "不能用文字执行。有 {number} 张卡片等待：须由人员在卡片上确认。",
}

NO_CARD: Mapping[Language, str] = {
    "en": "No card {number} waits: it was done or dismissed already, or it has expired. Ask anew.",
    "zh": "没有等待的卡片 {number}：已执行、已放弃或已过期，请重新提出。",
}

EXPIRED: Mapping[Language, str] = {
    "en": "The card {number} has expired at {at}; nothing was done. Ask anew.",
    "zh": "卡片 {number} 已于 {at} 过期，未执行任何操作，请重新提出。",
}

CHANGED: Mapping[Language, str] = {
    "en": "What the card {number} is about has changed since it was shown; nothing was done. "
    "Ask anew.",
    "zh": "卡片 {number} 显示之后情况已变化，未执行任何操作，请重新提出。",
}

UNSURE: Mapping[Language, str] = {
    "en": "It is not known whether that was done ({reason}); look before you ask again.",
    "zh": "不清楚是否已执行（{reason}）；请先查看，再重新提出。",
}

NO_LLM: Mapping[Language, str] = {
    "en": "The LLM did not answer ({reason}); this comes from the rules.",
    "zh": "大模型没有应答（{reason}），以下由规则回答。",
}

LEFT_OUT: Mapping[Language, str] = {
    "en": "Left out, since no tool returned what they state: {count} sentence(s).",
    "zh": "已略去 {count} 句：工具返回的结果中没有其所述内容。",
}
