"""The words by which the grammar tells what a question is after."""

from typing import Literal

Intent = Literal[
    "help", "forget", "handover", "overview", "devices", "status", "trend", "compare", "alerts",
    "why", "held", "diagnose", "orders", "forecast", "knowledge", "create_order",
    "change_order", "acknowledge",
    "shelve", "maintenance", "change", "review", "unknown",
]  # fmt: skip

_ORDER = r"((work ?)?order\b|WO\b(?!-))"
_ZH_ORDER = r"(工单|派工单|维修单|检修单)"
_ASKS = r"(?!.*(哪|多少|吗|为什么|为何))"

INTENTS: tuple[tuple[Intent, str], ...] = (
    (
        "forget",
        r"^\W*(please )?(forget|start over|start again|reset|new (conversation|topic))\b"
        r"|忘掉|忘记|忘了(它|吧|前|刚|之前)|清[除空](对话|记忆|上下文)|从头(开始|来)|换个?话题",
    ),
    (
        "change_order",
        r"^(?!.*(\?|？|吗|哪|谁))(?=.*\bWO-\d{8}-\d+).*"
        r"(\b(re)?assign\b.*\bto\b|\b(priority|set|change|raise|lower|make|move)\b.*\bP[0-3]\b"
        r"|^\W*(please )?(start|begin|dispatch)\b|(指派|分派|分配|改派|派)给"
        r"|(优先级|级别|改|调|升|降).*P[0-3]|(开始|开工|派发|启动))",
    ),
    (
        "create_order",
        rf"\b(create|raise|make|write|issue|draft|place|log|enter|put in)\b.*\b{_ORDER}"
        rf"|\bopen (me )?(a|an|the|new)\b.*\b{_ORDER}|\bnew {_ORDER}"
        rf"|\b(needs?|wants?|give)\b.*\b(a|an)\b.*\b{_ORDER}"
        rf"|(新建|创建|开具|生成|新增|起草|下达).{{0,8}}{_ZH_ORDER}"
        r"|(?<![打未展公召])(开|下|建|写|提)(一?[个张份])?(新的?)? ?(P\d)? ?级?(的)?"
        rf"(维修|检修|抢修)?{_ZH_ORDER}|(^|请|帮我|需要|要|[给为对].{{1,12}}?)派(一?[个张份])?(工单|单)(?!列表"
        rf"|清单|有)",
    ),
    (
        "review",
        r"\bwait(s|ing)? for (a |my |your )?review|\breview (queue|list)\b|\bto (be )?reviewed?\b"
        r"|\breview (the |what )?(knowledge|candidates?|drafts?|learn)|\bcandidate entr(y|ies)\b"
        r"|\bknowledge candidates?\b|待审(核|查|批)?(?!.*(工单|操作))|审核.{0,6}(知识|候选|条目)"
        r"|候选.{0,4}(知识|条目)|知识.{0,4}(候选|待审)",
    ),
    (
        "held",
        r"\bheld back\b|\bhidden\b|\bwhy (did|has|is)(n'?t| not)\b.*\b(alarm|alert|warn)|\bsuppress"
        r"|\bwhy\b.*\b(was|were|did|is)(n't| not|nt)\b.*"
        r"\b(told|tell|hear|notified|announced|shown)\b|\b(which|what|why|list|show)\b.*\bshelved\b"
        r"|(为什么|为何|怎么)(没有?|不)报警|(被|已)?抑制|没有?(发出|通知|告知|提示|报出)|未发出"
        r"|(?=.*(为什么|为何|哪些|有什么|被)).*(搁置|屏蔽)",
    ),
    (
        "acknowledge",
        r"^\W*((please|can you|could you) )?(acknowledge|ack)\b"
        r"|\bconfirm (the |this |that )?(alert|alarm)"
        r"|^\W*(i('ve| have)? )?(seen|noted|noticed)\b.*\b(AL-|alert|alarm)"
        r"|(?=.*(AL-|报警))(?!.*(没|未)).*(知道了|知悉|看到了|收到了?$)"
        rf"|^{_ASKS}(?!.*未确认).*确认.*(报警|警报|AL-|它)|^(请|帮我)?把?.*(报警|AL-\S+|它)\s*确认"
        r"|^(请|帮我)?确认(它|这个|该|一下)?\W*$",
    ),
    (
        "shelve",
        rf"\b(shelve|snooze|silence|mute)\b|^{_ASKS}.*(搁置|静音|屏蔽|暂时不报)",
    ),
    (
        "maintenance",
        r"\b(set|put|take|switch|mark|start|begin|end|finish)\b.*\bmaintenance\b"
        r"|\bmaintenance\b.*\b(is )?(over|done|finished)\b|\bback (to|in|into) (running|service)\b"
        rf"|^{_ASKS}.*((设|置|改|转|切)(换|置|定)?(为|成|到|入).*(检修|维护|MAINTENANCE|运行状态)"
        r"|(开始|进入|转入|结束|退出)(检修|维护)|(检修|维护)(结束|完成|完毕)|恢复运行)",
    ),
    (
        "change",
        r"^\W*((please|can you|could you) )?(clear|close|complete|cancel|stop|start|restart|delete"
        r"|(switch|turn) (it )?(on|off)|shut (down|off))\b"
        rf"|^{_ASKS}(请|帮我)*(把.*)?(消除|关闭|关掉|关停|开启|完成|取消|停止|停掉|启动|重启"
        rf"|删除).*"
        rf"(报警|{_ZH_ORDER}|泵|机|AL-|WO-|[A-Za-z]+[_-]?\d)",
    ),
    (
        "help",
        r"^\W*(help|hi|hello|hey)\b|what can (you|i ask)|what (questions|things) (do|can) "
        r"|how do i use|who are you|^\W*[?？]\W*$"
        r"|^(帮助|你好|您好)|你[能会](做|干|回答)|能做什么|会什么|怎么用|如何使用|使用说明",
    ),
    (
        "handover",
        r"\bhand(s|ing)?[ -]?over\b|\b(did|have) i miss|\bthe shift\b|昨晚|夜里|\bbrief(ing)?\b"
        r"|\bfor my shift\b|\bshift (report|summary"
        r"|change|log)\b"
        r"|\b(night|day|last|previous|this|early|late) shift\b"
        r"|交接?班|接班|(上|本|这|前)一?个?班(?!长|组)|[夜白早中晚]班",
    ),
    (
        "overview",
        r"\boverview\b|\bwhat( i|')?s broken\b|\bworr(y|ied)\b|\bwhat'?s going on\b|\bsummary\b"
        r"|\bworst\b|\bmost (urgent"
        r"|critical|alerts|alarms)\b"
        r"|\b(plant|factory|everything|site|all) (is )?(ok|okay|fine|well|doing|running|look)"
        r"|\bneeds? (my )?attention\b|\bwhat should i (do|look at) first\b"
        r"|总览|总体|概况|概览|整体|全厂|最严重|最紧急|最差|最需要|报警最多|先处理哪",
    ),
    (
        "compare",
        r"\bside by side\b|\bcorrelat|\bmoves? together\b|相关性|相关系数|相关程度|关联性"
        r"|\bwhich \w+ .*\b(more|most|less|least|higher|highest|hotter|lower)\b"
        r"|\bcompar(e|ed|ing|ison)\b|\bversus\b|\bvs\b|\bdiffer(s|ent|ence)?\b|\bwith its peers\b"
        r"|\b(worse|better|higher|lower|hotter|more|less) than\b|\bwhich (one )?is \w+er\b"
        r"|比较|对比|相比|(跟|和|与|同).{1,12}(比|不同|差|区别|区分|一样)"
        r"|比.{1,12}(高|低|大|小|差|好|热|快|慢|强)|哪[个台].{0,6}(高|低|大|小|热)",
    ),
    (
        "orders",
        r"\bwork ?orders?\b|\borders?\b|\bjobs?\b|\bWO-\d|\bwork\b.*\b(open|pending|outstanding"
        r"|in progress)\b"
        r"|\b(open|pending|outstanding) work\b|\b(maintenance|work) (list|plan)\b|\bbacklog\b"
        r"|工单|派工|维修单|(检修|维修)计划",
    ),
    (
        "forecast",
        r"\bmakes? it (to|until|through)\b|\bhold out\b|\bsurvive\b|\btime to (failure|limit)\b"
        r"|\bforecast|\bpredict|\bprognos|\bremaining\b|\bRUL\b|\bhow long\b|\bwhen (will|does"
        r"|do)\b"
        r"|\bfails? (first|soon)\b|\b(going|likely|about) to fail\b"
        r"|\b(hits?|reach(es)?|cross(es)?|exceeds?) (its|the|a) (rated )?limit"
        r"|\bwill .*\b(fail|last|exceed|reach|break)|预测|寿命|预计|还能(用|运行|撑|跑|坚持)"
        r"|多久(会|后|坏|超)|何时会?(超|坏|到)|什么时候会|会不会(坏|超)|趋势预报|先(坏|出故障"
        r"|出问题|超限|失效)|撑(得|不)?(到|住|过)|坚持到",
    ),
    (
        "diagnose",
        r"\bdiagnose\b|\banaly[sz]e\b|\b(run|make|do|start|new|fresh|re-?\w+)\b.*\bdiagnos"
        r"|\brun the rules\b"
        r"|^(?!.*(报告|结果|结论|依据|原来|已有)).*诊断|分析.*(故障|原因)",
    ),
    (
        "knowledge",
        r"\bwhat (should|can|must) (i|we) (check|look|inspect)\b"
        r"|\bwhat (usually |typically |can )?causes?\b(?!.*(alert|alarm))|(一般|通常|常见"
        r"|可能).*原因"
        r"|(怎么|如何|怎样)区分|区别(是|在)",
    ),
    (
        "why",
        r"\bAL-\d{8}-|\bwhy\b|\bdiagnos|\b(root )?cause[sd]?\b|\breport\b|\bevidence\b|\bexplain\b"
        r"|\bwhat happened\b|为什么|为何|为啥|原因|诊断|报告|怎么回事|怎么了|依据|证据|解释",
    ),
    (
        "knowledge",
        r"\bhow (do|to|can|should)\b|\bwhat (to do|can i do|should i do)\b|\bsymptoms?\b"
        r"|\bfix(es|ing)?\b|\brepair|\bremed(y|ies)\b"
        r"|\bsteps? (to|for)\b|\breplac(e|ing)\b|\bknowledge\b|\bmanual\b|\bprocedure\b"
        r"|\bsearch\b|\blook up\b|\bfailure modes?\b"
        r"|知识|手册|处理|维修|(?<!在)检修(?!中)|怎么修|怎么办|如何修|方案|症状|故障模式|搜索"
        r"|查.*资料",
    ),
    (
        "trend",
        r"^(?!.*(\bpareto\b|帕累托|柏拉图)).*(\btrends?\b|\bchart|\bplot|\bgraph|\bcurve"
        r"|\bdraw\b|\bhistory of (?!alert)"
        r"|趋势|曲线|画.*图|走势|变化|历史数据)",
    ),
    (
        "alerts",
        r"\balerts?\b|\balarm(s|ed|ing)?\b|\bunusual\b|\bstrange\b|\bfaults?\b|\bproblems?\b"
        r"|\bissues?\b|\bwrong\b"
        r"|\bstanding\b|\babnormal|\banomal|报警|报过警|警报|警告|异常|故障|问题|不正常",
    ),
    (
        "status",
        r"\bstatus\b|\bstate\b|\bhealth|\bhow (is|are|'s)\b|\bhow'?s\b|\brunning\b|\bok(ay)?\b"
        r"|\bwhat'?s up\b|\bdoing\b|\bcondition\b|\bnameplate\b|\binstalled\b|\bmanufacturer\b"
        r"|\bwho (makes|made)\b|\blimits?\b|\breadings?\b|\bvalues?\b"
        r"|状态|状况|情况|怎么样|怎样|如何|正常吗|运行|铭牌|额定|读数|还好吗|咋样",
    ),
    (
        "devices",
        r"\bdevices?\b|\bmachines?\b|\bequipment\b|\bassets?\b|\bpumps\b|\bmotors\b"
        r"|\bcompressors\b|\bfans\b|设备|机器|机组|台账",
    ),
)
"""The first that a question has is what it is after."""

_WORDS = """
acknowledge acknowledged alarm alarms alarmed alarming alert alerts anomaly bearing cause caused
causes cavitation chart compare comparison compressor compressors condition conveyor create current
critical device devices diagnose diagnosis different difference evidence explain exceed factory
failure flow forecast gearbox handover health history knowledge limit limits machine machines
maintenance manual minute minutes misalignment motor motors orders order overdue overview
overheating plant predict pressure priority procedure pumps reading readings remaining repair
report running search shelve shelved silent speed standing status stopped summary suppressed
symptom symptoms temperature trend trends unacknowledged vibration voltage week weeks workorder
yesterday hours today
cases house leaking leaks older pauses place places plans rates rules seals state states valve
valves yours
"""
VOCABULARY = frozenset(_WORDS.split())
"""English words that are mended where they are mistyped, and those near them that are none."""

ZH_TYPOS: tuple[tuple[str, str], ...] = (
    (r"[报抱][景井]|告警|抱警", "报警"), (r"[公工]但|公单", "工单"), (r"[壮撞]态|状太", "状态"),
    (r"温[渡肚]", "温度"), (r"压[历利]", "压力"), (r"趋[式事]", "趋势"),
    (r"[珍真]断", "诊断"), (r"交结班", "交接班"), (r"预[侧册]", "预测"),
    (r"震动|振懂", "振动"), (r"故[帐账]", "故障"), (r"点流", "电流"), (r"对笔", "对比"),
)  # fmt: skip
"""What a Chinese input method writes for the wrong choice, and other words for the same."""
