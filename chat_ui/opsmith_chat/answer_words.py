"""The words around an answer, its card and its evidence, in English and Chinese."""

from dataclasses import dataclass

from opsmith.domain.base import Language


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """Texts of one language; names in braces are filled in."""

    confirm: str
    dismiss: str
    accept: str
    reject: str
    later: str
    rejected: str
    waits: str
    needs_more: str
    confirmed: str
    dismissed: str
    expired: str
    lapsed: str
    not_done: str
    unknown: str
    denied: str
    evidence: str
    arguments: str
    state: str
    window: str
    result: str
    no_result: str
    digest: str
    tokens: str
    cost: str
    table: str
    stopped: str
    stopped_here: str


ANSWER_WORDS: dict[Language, AnswerWords] = {
    "en": AnswerWords(
        confirm="Confirm",
        dismiss="Dismiss",
        accept="Accept",
        reject="Reject",
        later="Not now",
        rejected="✓ Rejected by {who} at {at}.",
        waits="Waits for you until {at}.",
        needs_more="You are {role}: a person with the role {needs} or above has to ask for this.",
        confirmed="✓ Confirmed by {who} at {at}.",
        dismissed="✗ Dismissed by {who}; nothing was done.",
        expired="✗ Expired at {at}; nothing was done. Ask anew.",
        lapsed="✗ It waited until {until}; nobody confirmed it. Ask anew.",
        not_done="✗ Not done: {reason}",
        unknown="? {reason}",
        denied="✗ Not done: {who} ({role}) may not do this; it needs the role {needs} or above.",
        evidence="Evidence: {ids}.",
        arguments="Arguments",
        state="State",
        window="Window",
        result="Result",
        no_result="No result.",
        digest="SHA-256 of the whole result",
        tokens="{input} tokens in, {output} out, {requests} request(s)",
        cost="cost {cost}",
        table="table",
        stopped="Stopped; nothing was answered.",
        stopped_here="Stopped here; the rest was not answered.",
    ),
    "zh": AnswerWords(
        confirm="确认执行",
        dismiss="放弃",
        accept="接受",
        reject="拒绝",
        later="暂不处理",
        rejected="✓ {who} 已于 {at} 拒绝。",
        waits="等待您确认，至 {at} 为止。",
        needs_more="您的角色是{role}：须由角色为{needs}或以上的人员提出。",
        confirmed="✓ {who} 已于 {at} 确认。",
        dismissed="✗ {who} 已放弃，未执行任何操作。",
        expired="✗ 已于 {at} 过期，未执行任何操作，请重新提出。",
        lapsed="✗ 等待至 {until}，无人确认，请重新提出。",
        not_done="✗ 未执行：{reason}",
        unknown="? {reason}",
        denied="✗ 未执行：{who}（{role}）无权执行，须角色为{needs}或以上。",
        evidence="依据：{ids}。",
        arguments="参数",
        state="状态",
        window="时段",
        result="结果",
        no_result="没有结果。",
        digest="完整结果的 SHA-256",
        tokens="输入 {input} 个令牌，输出 {output} 个，请求 {requests} 次",
        cost="费用 {cost}",
        table="表格",
        stopped="已停止，未作回答。",
        stopped_here="已在此停止，其余未作回答。",
    ),
}
