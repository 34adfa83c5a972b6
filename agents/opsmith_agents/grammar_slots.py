"""The words by which the grammar tells what a question is about: channels, classes, times."""

import re

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import OrderStatus

CHANNELS: tuple[tuple[str, str], ...] = (
    ("fluid_temperature", r"\bfluid[ _]temp(erature)?\b|(介质|流体|液体|油)温度?"),
    ("vibration_velocity", r"\bvibration[ _]velocity\b|振动(速度|烈度)"),
    ("temperature", r"\btemp(erature)?s?\d*\b|\bhow hot\b|\bhotter\b|温度|多热|发热|过热"),
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
    (1, r"minutes?\b|mins?\b|分钟"),
    (60, r"hours?\b|hrs?\b|h\b|个?(?:半)?小时|个?钟头"),
    (1440, r"days?\b|d\b|天|日(?!报)"),
    (10080, r"weeks?\b|个?(?:星期|周)"),
    (43200, r"months?\b|个?月"),
)
WORD_SPANS = (
    (30, r"\bhalf an hour\b"),
    (60, r"\b(last|past|an) hour\b|(上|近|过去|最近)一?个?小时"),
    (1440, r"\b(last|past|one) day\b"),
    (10080, r"\b(this|last|past) week\b|[本这上]周|一周|[本这上]个?星期"),
    (43200, r"\b(this|last|past) month\b|[本这上]个?月"),
)
DAYS = (
    (-2, r"\bday before yesterday\b|前天"),
    (-1, r"\byesterday\b|昨天|昨日"),
    (0, r"\btoday\b|今天|今日|当天"),
)
"""Days of the plant's calendar, from today."""
NOW = r"\b(right |just )?now\b|\bat present\b|现在|目前|此刻|当前"
AGAINST = (
    ("yesterday", r"\byesterday\b|昨天|昨日"),
    ("last_week", r"\blast week\b|\ba? ?week (ago|before)\b|\b7 days ago\b|上周|上个?星期|一周前"),
    (
        "peers",
        r"\bpeers?\b|\bsimilar\b|\bsame (class|type|kind)\b|\bthe others\b|\bother (pumps|motors"
        r"|fans|compressors|devices|machines)\b|同类|同型|其他同|别的",
    ),
    (
        "before",
        r"\bbefore and (now|after)\b|\bnow and before\b|\b(than|with|to|and) (just )?(before"
        r"|earlier)\b|之前|此前|刚才",
    ),
)
"""What a device is held against, where it is not another device."""

HAN = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0.5}
WORD_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
NUMBER = rf"\d+(?:\.\d+)?|[一二两三四五六七八九]?十[一二三四五六七八九]?|[{''.join(HAN)}]"
LINE = (
    r"\bline[ _-]?([A-Z]*\d+)\b|\b(L\d{2,4})\b|(?<![A-Za-z0-9])([A-Z]+\d+)(?=号?[ ]*(?:生产线"
    r"|产线|线))"
    r"|(?:生产线|产线)\s*([A-Z]*\d+)"
)
STATES = (
    ("STOPPED", r"\bstopped\b|\bnot running\b|\bidle\b|停机|停止|停着|没有?在?运行|未运行"),
    ("MAINTENANCE", r"\bmaintenance\b|检修中|在检修|维修中|在维修"),
    ("RUNNING", r"\brunning\b|运行"),
)
"""Of devices, as they are asked for in a list."""
RUN_AGAIN = (
    r"\b(end|finish)\b.*\bmaintenance\b|\bmaintenance\b.*\b(over|done|finished)\b"
    r"|\bback (to|in|into) (running|service)\b|(结束|退出)(检修|维护)"
    r"|(检修|维护)(结束|完成|完毕)|恢复运行|运行状态"
)
SILENT = r"\bsilent\b|\bnot sending\b|\bno data\b|\boffline\b|无数据|没有?数据|离线|掉线|失联"
UNSEEN = r"\bunack|\bnot acknowledged\b|未确认|没确认"
ORDER_STATES: tuple[tuple[OrderStatus | str, str], ...] = (
    ("UNDONE", r"\bundone\b|\bunfinished\b|\bnot (done|finished)\b|未完成|没完成|未关闭|未结"),
    (OrderStatus.IN_PROGRESS, r"\bin progress\b|进行中|在(处理|检修|维修|做)的?"),
    (OrderStatus.OPEN, r"\bopen\b|\bpending\b|待处理|未处理"),
    (OrderStatus.COMPLETED, r"\bcompleted\b|\bdone\b|\bfinished\b|已完成|完成了|做完|干完"),
    (OrderStatus.CANCELLED, r"\bcancell?ed\b|已取消"),
)
OVERDUE = r"\boverdue\b|\bpast due\b|\blate\b|逾期|超期|过期"
DUE = r"\bdue\b|\boverdue\b|到期|截止|期限|逾期"
LEVELS = (
    (AlertLevel.P0, r"\bP0\b|(?<![A-Za-z])P0(?!\d)|\bcritical\b|\bemergenc|危急|紧急"),
    *((level, rf"(?<![A-Za-z]){level.value}(?!\d)") for level in list(AlertLevel)[1:]),
)
CLOCK = (
    r"(?:\bat |\bup to |\bby |\buntil |于|在|截至)?\b(\d{1,2})[:：](\d{2})(?!\d)"
    r"|\bat (\d{1,2}) ?(am|pm)\b|(?<!\d)(\d{1,2})点(\d{1,2}|半)?"
)

PRONOUN = (
    r"\b(it|its|it's|this|that|them)\b|它|他|该(设备|报警|工单|机)|这台|那台|此设备|这[个条]报警"
)
FOLLOWS = (
    r"^\W*(and|also|then|what about|how about|same)\b|^\W*(那么?|还有|再看|另外|换成|同样|也)"
    r"|也(看|查|要|是)|呢\W*$"
)
"""A question that goes on from the one before."""
OTHER = r"\b(the )?other (one|device|machine|pump|motor|compressor|fan|\w+)\b|另外?一?[台个]"
FILLERS = (
    r"\b(and|also|then|what|whats|which|who|how|about|same|for|the|a|an|of|in|on|at|to|from|with|by"
    r"|it|its|this|that|them|one|other|is|are|was|were|be|do|does|did|has|have|had|can|could|will"
    r"|would|please|pls|me|my|you|i|we|us|show|tell|give|see|look|check|get|let|last|past|next"
    r"|over|since|during|right|just|now|there|any|all|list|hour|hours|again|more|so|long|up|s|t)\b"
    r"|请问?|帮我|我|你|您|们|看|查|一下|下|给|把|的|了|吗|呢|吧|啊|么|那|这|还|再|也|有没有|有"
    r"|是|在"
    r"|和|与|跟|同|比|去|要|想|知道|什么|哪些|哪个|哪|多少|几|台|个|号|它|他|该|此|现在|目前|当前"
    r"|最近"
    r"|过去|内|里|从|到|至|为|会|能|可以|另外?一?|同样|之前|时|点|半|显示|列出|告诉|都|又|就|上"
)
NOISE = re.compile(
    r"\b(how|do|does|did|i|to|can|should|we|you|the|a|an|of|for|on|in|is|are|what|which|search|find"
    r"|look|up|show|tell|me|about|please|knowledge|base|manual|procedure|fix|repair|failure|modes?"
    r"|causes?|symptoms?|remedy|remedies|with|it)\b"
    r"|请问?|帮我|我想|搜索|查询|查找|查一?下|一下|知识库?|手册|资料|应该|怎么|如何|怎样|处理|维修"
    r"|检修|修理?|办|什么|有哪些|关于|的|了|吗|呢|方案|症状|故障模式|是|它",
    re.IGNORECASE,
)
"""What says nothing of what to search the knowledge for."""
