"""The words around signing in and the history, in English and Chinese."""

from dataclasses import dataclass
from typing import Any

from opsmith.domain.base import Language


@dataclass(frozen=True, slots=True)
class SignInWords:
    """Texts of one language."""

    title: str
    name: str
    no_name: str
    password: str
    no_password: str
    go: str
    wrong: str
    too_often: str
    failed: str
    nobody: str
    """That everybody at this machine comes in."""
    too_fast: str
    history: str
    search: str
    none: str
    untitled: str

    def into(self, texts: dict[str, Any]) -> None:
        """Put them where Chainlit's texts of that language have theirs."""
        login = texts["auth"]["login"]
        login["title"] = self.title
        login["form"]["email"] |= {"label": self.name, "required": self.no_name, "placeholder": ""}
        login["form"]["password"] |= {"label": self.password, "required": self.no_password}
        login["form"]["actions"]["signin"] = self.go
        # The page looks for the text under what HTTP calls the status.
        login["errors"] |= {
            "Unauthorized": self.wrong,
            "Too Many Requests": self.too_often,
            "default": self.failed,
        }
        sidebar = texts["threadHistory"]["sidebar"]
        sidebar["title"] = self.history
        sidebar["filters"] |= {"placeholder": self.search}
        sidebar["empty"] = self.none
        texts["threadHistory"]["thread"]["untitled"] = self.untitled


SIGN_IN_WORDS: dict[Language, SignInWords] = {
    "en": SignInWords(
        title="Sign in to opsmith",
        name="Name",
        no_name="Type your name",
        password="Password",
        no_password="Type your password",
        go="Sign in",
        wrong="The name or the password is wrong.",
        too_often="Too many tries: wait half a minute, then try again.",
        failed="Signing in does not work just now; the log of opsmith says why.",
        nobody="There is no sign-in: whoever is at this machine comes in as `local`, an engineer. "
        "Make users with `opsmith users add`.",
        too_fast="That was quick: ask again in {seconds} s.",
        history="Conversations",
        search="Search in what was asked and answered",
        none="No conversations yet",
        untitled="Without a name",
    ),
    "zh": SignInWords(
        title="登录 opsmith",
        name="用户名",
        no_name="请输入用户名",
        password="密码",
        no_password="请输入密码",
        go="登录",
        wrong="用户名或密码不正确。",
        too_often="尝试次数过多：请等待半分钟后再试。",
        failed="暂时无法登录；原因见 opsmith 的日志。",
        nobody="未启用登录：在本机的人均以 `local`（工程师）身份使用。"
        "可用 `opsmith users add` 新建用户。",
        too_fast="提问过快：请 {seconds} 秒后再试。",
        history="历史对话",
        search="搜索提问与回答",
        none="还没有对话",
        untitled="未命名",
    ),
}
