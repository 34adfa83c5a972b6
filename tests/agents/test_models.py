import subprocess
import sys

import pytest
from pydantic import SecretStr
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.zai import ZaiModel

from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_agents.llm_steady import SteadyModel
from opsmith_agents.models import build_model, entries, model_from

WITHOUT_LLM = """
import sys
for name in ("pydantic_ai", "openai"):
    sys.modules[name] = None
from opsmith.errors import BadInput
from opsmith_agents.assistant import Assistant
from opsmith_agents.models import build_model, model_from
from opsmith.settings import Settings
assert model_from(Settings(_env_file=None, llm_model="")) is None
try:
    build_model("glm-4.7", api_key="k")
except BadInput as error:
    print(error)
"""


def test_without_a_name_there_is_no_model() -> None:
    assert model_from(Settings(llm_model=" ")) is None


def test_glm_is_asked_at_its_own_address_unless_another_is_given() -> None:
    model = build_model("glm-4.7", api_key="k")
    assert isinstance(model, SteadyModel) and isinstance(model.wrapped, ZaiModel)
    assert (model.model_name, model.system) == ("glm-4.7", "zai")
    mainland = Settings(
        llm_model="glm-4.7",
        llm_api_key=SecretStr("k"),
        llm_base_url="https://open.bigmodel.cn/api/paas/v4",
    )
    built = model_from(mainland)
    assert built is not None
    assert "open.bigmodel.cn" in str(built.base_url)


def test_several_names_make_a_chain_in_their_order() -> None:
    model = build_model("glm-5.3, glm-4.7-flash", api_key="k")
    assert isinstance(model, FallbackModel)
    assert [one.model_name for one in model.models] == ["glm-5.3", "glm-4.7-flash"]


@pytest.mark.parametrize("provider", ["zai", "openai"])
def test_a_missing_key_is_said_before_anybody_is_asked(provider: str) -> None:
    with pytest.raises(BadInput, match="set OPSMITH_LLM_API_KEY"):
        build_model("some-model", provider=provider)


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="use zai or openai"):
        build_model("m", api_key="k", provider="bedrock")


def test_a_chain_over_several_servers_gives_each_its_own_key_alone() -> None:
    text = "glm-4.7, openai:qwen3:8b@http://127.0.0.1:8000/v1, glm-4.5-air"
    alone = entries(text, api_key="k1")
    assert [(e.name, e.provider, e.host, e.api_key) for e in alone] == [
        ("glm-4.7", "zai", "zai", "k1"),
        ("qwen3:8b", "openai", "127.0.0.1:8000", None),
        ("glm-4.5-air", "zai", "zai", "k1"),
    ]
    assert [e.api_key for e in entries(text, api_key="k1,,k3")] == ["k1", None, "k3"]


@pytest.mark.parametrize(
    "url", ["http://me:sk-hidden@127.0.0.1:8000/v1", "ftp://sk-hidden", "http://[sk-hidden"]
)
def test_an_address_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(BadInput, match="OPSMITH_LLM_BASE_URL") as caught:
        build_model("m", base_url=url, api_key="k", provider="openai")
    assert "sk-hidden" not in str(caught.value)


def test_no_model_signs_as_the_rules_do() -> None:
    with pytest.raises(BadInput, match="OPSMITH_LLM_MODEL"):
        build_model("glm-4.7, rules", api_key="k")


def test_without_its_libraries_opsmith_runs_and_says_what_to_install() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_LLM], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "install `opsmith[llm]`" in ran.stdout
