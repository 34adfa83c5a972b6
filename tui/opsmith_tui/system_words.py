"""What the room of the system says, in English and in Chinese."""

from opsmith_tui.wording import Texts

SYSTEM: Texts = {
    "workers": ("Workers", "工作进程"),
    "stores": ("Stores, outbox, LLM", "存储、发件箱、大模型"),
    "letters": ("Dead letters", "死信"),
    "keys": ("API keys", "API 密钥"),
    "stage": ("Stage", "环节"),
    "host": ("Host", "主机"),
    "lag": ("Lag", "积压"),
    "failures": ("Failures", "失败"),
    "silent": ("Silent", "静默"),
    "state": ("State", "状态"),
    "since": ("Since", "启动于"),
    "runs": ("● runs", "● 运行"),
    "late": ("✗ LATE", "✗ 超时"),
    "no_workers": (
        "No stage was ever heard of here; `opsmith serve` runs them.",
        "尚无任何环节运行的记录；由 `opsmith serve` 运行。",
    ),
    "tables": ("Tables", "关系库"),
    "series": ("Readings", "时序库"),
    "migration": ("migration {name}", "迁移版本 {name}"),
    "size": ("size {size}", "大小 {size}"),
    "newest": ("newest reading {at}", "最新读数 {at}"),
    "rows": ("rows", "行数"),
    "devices": ("devices", "设备"),
    "readings": ("readings", "读数"),
    "outbox": ("Outbox", "发件箱"),
    "outbox_empty": ("nothing waits to be published", "没有待发布的消息"),
    "outbox_waits": ("{count} wait in {topic}", "{topic}：{count} 条待发布"),
    "llm": ("LLM", "大模型"),
    "llm_none": (
        "No LLM writes reports here: the rules' reports stand.",
        "此处没有大模型撰写报告：以规则报告为准。",
    ),
    "llm_reports": ("reports by the LLM", "大模型报告"),
    "rules_stand": ("rules' reports that stand", "保留规则报告"),
    "llm_tokens": ("tokens", "令牌数"),
    "llm_cost": ("cost", "费用"),
    "llm_last": ("last", "最近一次"),
    "llm_since": ("since {at}", "自 {at} 起"),
    "llm_requests": ("{count} requests, {answered} answered", "{count} 次请求，{answered} 次应答"),
    "llm_failed": ("failed {at}: {why}", "最近失败 {at}：{why}"),
    "llm_rests": (
        "✗ No LLM is asked now: the rules' reports stand.",
        "✗ 目前不询问任何大模型：以规则报告为准。",
    ),
    "reason": ("Reason", "原因"),
    "source": ("Source", "来源"),
    "at": ("Came", "到达时间"),
    "topic": ("Topic", "主题"),
    "value": ("Begins with (data from outside)", "内容开头（外部数据）"),
    "bytes": ("{count} bytes", "{count} 字节"),
    "redriven_at": ("put back {at}", "已重投 {at}"),
    "shown": ("{shown} of {total}; m shows more", "显示 {shown}／共 {total}；按 m 显示更多"),
    "every": ("those put back too", "含已重投"),
    "no_letters": ("No message is dead.", "没有死信。"),
    "redrive_one": ("Put the message of {source} back for ingest", "重投来自 {source} 的消息"),
    "redrive_reason": ("Put dead letters of a reason back", "按原因重投死信"),
    "redriven": (
        "{redriven} put back; {unusable} would fail again and stay; {left} more are left.",
        "已重投 {redriven} 条；{unusable} 条重投仍会失败，保留；另剩 {left} 条。",
    ),
    "name": ("Name", "名称"),
    "role": ("Role", "角色"),
    "factories": ("Factories", "工厂"),
    "all": ("all", "全部"),
    "last_used": ("Last used", "最近使用"),
    "expires": ("Expires", "到期"),
    "no_keys": (
        "No key was made; `opsmith keys add` makes one.",
        "尚无密钥；用 `opsmith keys add` 创建。",
    ),
    "forbidden_title": ("The system is for admins.", "系统页面仅供管理员使用。"),
    "forbidden_how": (
        "An admin gives you a key: `opsmith keys add NAME --role admin`;\n"
        "then `opsmith tui --url URL --key KEY` opens the console with it.",
        "请管理员为您创建密钥：`opsmith keys add 名称 --role admin`，\n"
        "再用 `opsmith tui --url URL --key 密钥` 打开控制台。",
    ),
    "you_see": ("What you may see:", "您可以查看："),
    "plant_time": ("Plant time", "工厂时间"),
    "alerts": ("Alerts that stand", "未恢复报警"),
    "feed": ("Live feed", "实时推送"),
    "feed_none": ("none; the plant is asked every {seconds} s", "无；每 {seconds} 秒查询一次"),
    "feed_on": ("● connected", "● 已连接"),
    "feed_off": (
        "✗ not connected; the plant is asked every {seconds} s meanwhile",
        "✗ 未连接；其间每 {seconds} 秒查询一次",
    ),
    "refused": ("The plant says: {reason}", "工厂服务答复：{reason}"),
}  # fmt: skip

CIRCUITS: Texts = {
    "closed": ("● asked", "● 正常询问"),
    "half-open": ("○ the next request decides", "○ 由下一次请求决定"),
    "open": ("✗ left alone for a while (circuit open)", "✗ 暂停询问（熔断）"),
}

FAILURES: Texts = {
    "timeout": ("no answer in time", "未及时应答"),
    "malformed": ("no proper answer", "应答格式不正确"),
    "no_access": ("key or quota refused, or no such model", "密钥或额度被拒绝，或无此模型"),
    "rejected": ("request refused", "请求被拒绝"),
    "server_error": ("error of its server", "其服务器出错"),
    "unreachable": ("cannot be reached", "无法访问"),
}

KEY_STATES: Texts = {
    "active": ("active", "有效"),
    "expired": ("expired", "已过期"),
    "revoked": ("revoked", "已吊销"),
}

ROLES: Texts = {
    "viewer": ("viewer", "查看者"),
    "operator": ("operator", "操作员"),
    "engineer": ("engineer", "工程师"),
    "admin": ("admin", "管理员"),
    "system": ("system", "系统"),
}

STAGES: Texts = {
    "ingest": ("ingest", "接入"),
    "responder": ("responder", "响应"),
    "refiner": ("refiner", "精化"),
}
