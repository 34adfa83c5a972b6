"""The words by which the grammar tells intents, channels, classes and lengths of time."""

import re
from typing import Literal

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import OrderStatus

Intent = Literal[
    "help", "devices", "status", "trend", "alerts", "why", "orders", "create_order", "forecast",
    "knowledge", "overview", "change", "unknown",
]  # fmt: skip

INTENTS: tuple[tuple[Intent, str], ...] = (
    (
        "create_order",
        r"\b(create|raise|make|open|write|issue)\b (me )?(a |an |the |new )*(work ?)?order\b"
        r"|(新建|创建|开具|开一?[个张]|下一?[个张]?|生成|派)\s*(维修|检修)?(工单|派工单)",
    ),
    (
        "change",
        r"^\W*(please )?(acknowledge|ack|shelve|silence|clear|close|complete|cancel|stop|start)\b"
        r"|^(?!.*(哪|多少|吗))(请|帮我)*(把.*)?(确认|搁置|屏蔽|消除|关闭|完成|取消|停止|启动).*(报警|工单|泵|机|AL-|WO-)",
    ),
    (
        "help",
        r"^\W*(help|hi|hello|hey|帮助|你好|您好)\b|what can you|how do i use|who are you"
        r"|^\W*[?？]\W*$|^(帮助|你好|您好)|你能|能做什么|会什么|怎么用|如何使用|使用说明",
    ),
    (
        "overview",
        r"\boverview\b|\bsummary\b|\bworst\b|\bmost (urgent|critical|alerts|alarms)\b"
        r"|\b(plant|factory|everything|site|all) (is )?(ok|okay|fine|well|doing|running|look)"
        r"|\bneeds? (my )?attention\b|\bwhat should i (do|look at) first\b"
        r"|总览|概况|概览|整体|全厂|最严重|最紧急|最差|最需要|报警最多|先处理哪",
    ),
    ("orders", r"\bwork ?orders?\b|\borders?\b|\bjobs?\b|\bWO-\d|工单|派工|维修单"),
    (
        "forecast",
        r"\bforecast|\bpredict|\bprognos|\bremaining\b|\bRUL\b|\bhow long\b|\bwhen will\b"
        r"|\bwill .*\b(fail|last|exceed|reach|break)|预测|寿命|预计|还能(用|运行|撑|跑|坚持)"
        r"|多久(会|后|坏|超)|何时会|什么时候会|会不会(坏|超)|趋势预报",
    ),
    (
        "why",
        r"\bAL-\d{8}-|\bwhy\b|\bdiagnos|\b(root )?causes?\b|\breport\b|\bevidence\b|\bexplain\b"
        r"|\bwhat happened\b|为什么|为何|原因|诊断|报告|怎么回事|怎么了|依据|证据|解释",
    ),
    (
        "knowledge",
        r"\bhow (do|to|can|should)\b|\bwhat (to do|can i do|should i do)\b|\bsymptoms?\b"
        r"|\bfix(es|ing)?\b|\brepair|\bremed(y|ies)\b"
        r"|\bknowledge\b|\bmanual\b|\bprocedure\b|\bsearch\b|\blook up\b|\bfailure modes?\b"
        r"|知识|手册|处理|维修|检修|怎么修|怎么办|如何修|方案|症状|故障模式|搜索|查询.*资料",
    ),
    (
        "trend",
        r"\bcompar(e|ed|ison)\b|\bversus\b|\bvs\b|比较|对比"
        r"|\btrends?\b|\bchart|\bplot|\bgraph|\bcurve|\bdraw\b|\bhistory of (?!alert)"
        r"|趋势|曲线|图|走势|变化|历史数据",
    ),
    (
        "alerts",
        r"\balerts?\b|\balarms?\b|\bfaults?\b|\bproblems?\b|\bissues?\b|\bwrong\b|\bstanding\b"
        r"|\babnormal|\banomal|报警|报警|警报|警告|异常|故障|问题|不正常",
    ),
    (
        "status",
        r"\bstatus\b|\bstate\b|\bhealth|\bhow (is|are|'s)\b|\bhow's\b|\brunning\b|\bokay?\b"
        r"|\bdoing\b|\bcondition\b|\bnameplate\b|\binstalled\b|\bmanufacturer\b"
        r"|\bwho (makes|made)\b|\blimits?\b|\breadings?\b|\bvalues?\b"
        r"|状态|状况|情况|怎么样|如何|正常吗|运行|铭牌|额定|读数|还好吗",
    ),
    (
        "devices",
        r"\bdevices?\b|\bmachines?\b|\bequipment\b|\bassets?\b|\bpumps\b|\bmotors\b"
        r"|\bcompressors\b|\bfans\b|设备|机器|机组|台账",
    ),
)

CHANNELS: tuple[tuple[str, str], ...] = (
    (
        "fluid_temperature",
        r"\bfluid[ _]temp(erature)?\b|(介质|流体|液体|油)温度?",
    ),
    ("vibration_velocity", r"\bvibration[ _]velocity\b|振动(速度|烈度)"),
    ("temperature", r"\btemp(erature)?s?\d*\b|\bhow hot\b|温度|多热|发热|过热"),
    ("vibration", r"\bvibrations?\d*\b|\bvibrates?\b|\bvibrating\b|振动|震动|抖动"),
    ("pressure", r"\bpressures?\d*\b|压力"),
    (
        "current",
        r"\bcurrent\d*\b(?!,? *(alert|alarm|status|state|situation|work|order|value|reading"
        r"|problem|fault|condition))|\bamps?\b|\bamperage\b|电流",
    ),
    ("voltage", r"\bvoltages?\d*\b|电压"),
    ("flow", r"\bflow( ?rate)?\d*\b|流量"),
    ("speed", r"\bspeed\d*\b|\brpm\b|转速"),
    ("power", r"\bpower\d*\b|功率"),
)

TYPES = (
    ("pump", r"\bpumps?\b|水泵|油泵|泵"),
    ("motor", r"\bmotors?\b|电动机|电机|马达"),
    ("compressor", r"\bcompressors?\b|空压机|压缩机"),
    ("fan", r"\bfans?\b|\bblowers?\b|鼓风机|引风机|风机|风扇"),
    ("gearbox", r"\bgear ?box(es)?\b|齿轮箱|减速机|减速箱"),
    ("conveyor", r"\bconveyors?\b|输送机|皮带机|传送带"),
    ("valve", r"\bvalves?\b|阀门|阀"),
)
"""Words for device classes; what stands in Chinese is put into English before ids are sought."""

SPANS: tuple[tuple[int, str], ...] = (
    (1, r"minutes?|mins?\b|分钟"),
    (60, r"hours?|hrs?\b|h\b|个?小时"),
    (1440, r"days?|d\b|天|日"),
    (10080, r"weeks?|个?(?:星期|周)"),
    (43200, r"months?|个?月"),
)
WORD_SPANS = (
    (60, r"\b(last|past) hour\b|(上|近|过去|最近)一?个?小时"),
    (1440, r"\btoday\b|\b(last|past) day\b|今天|今日|当天"),
    (2880, r"\byesterday\b|昨天"),
    (10080, r"\b(this|last|past) week\b|[本这上]周|一周|[本这上]个?星期"),
    (43200, r"\b(this|last|past) month\b|[本这上]个?月"),
)
HAN = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0.5}
NOISE = re.compile(
    r"\b(how|do|does|did|i|to|can|should|we|you|the|a|an|of|for|on|in|is|are|what|which|search|find"
    r"|look|up|show|tell|me|about|please|knowledge|base|manual|procedure|fix|repair|failure|modes?"
    r"|causes?|symptoms?|remedy|remedies|with|it)\b"
    r"|请问?|帮我|我想|搜索|查询|查找|查一?下|一下|知识库?|手册|资料|应该|怎么|如何|怎样|处理|维修"
    r"|检修|修理?|办|什么|有哪些|关于|的|了|吗|呢|方案|症状|故障模式|是",
    re.IGNORECASE,
)

LINE = (
    r"\bline[ _-]?([A-Z]*\d+)\b|(?<![A-Za-z0-9])([A-Z]+\d+)(?=号?[ ]*(?:生产线|产线|线))"
    r"|(?:生产线|产线)\s*([A-Z]*\d+)"
)
STATES = (
    ("STOPPED", r"\bstopped\b|\bnot running\b|\bidle\b|停机|停止|停着|没有?在?运行|未运行"),
    ("MAINTENANCE", r"\bmaintenance\b|检修中|在检修|维修中"),
    ("RUNNING", r"\brunning\b|运行"),
)
"""Of devices, as they are asked for in a list."""
ORDER_STATES = (
    (OrderStatus.OPEN, r"\bopen\b|\bpending\b|未完成|待处理|未处理|未关闭"),
    (OrderStatus.IN_PROGRESS, r"\bin progress\b|进行中"),
    (OrderStatus.COMPLETED, r"\bcompleted\b|\bdone\b|\bfinished\b|已完成"),
    (OrderStatus.CANCELLED, r"\bcancell?ed\b|已取消"),
)
DUE = r"\bdue\b|\boverdue\b|到期|截止|期限|逾期"
LEVELS = ((AlertLevel.P0, r"\bP0\b|\bcritical\b|\bemergenc|危急|紧急"), (AlertLevel.P1, r"\bP1\b"),
          (AlertLevel.P2, r"\bP2\b"), (AlertLevel.P3, r"\bP3\b"))  # fmt: skip
CLOCK = (
    r"(?:\bat |\bup to |\bby |\buntil |于|在|截至)?\b(\d{1,2})[:：](\d{2})(?!\d)"
    r"|\bat (\d{1,2}) ?(am|pm)\b|(?<!\d)(\d{1,2})点(\d{1,2}|半)?"
)
