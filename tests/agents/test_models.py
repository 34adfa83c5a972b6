import subprocess
import sys

import pytest
from pydantic import SecretStr
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.zai import ZaiModel

from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_agents.models import build_model, model_from

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
    assert isinstance(model, ZaiModel)
    assert (model.model_name, model.system) == ("glm-4.7", "zai")
    mainland = Settings(
        llm_model="glm-4.7",
        llm_api_key=SecretStr("k"),
        llm_base_url="https://open.bigmodel.cn/api/paas/v4",
    )
    built = model_from(mainland)
    assert isinstance(built, ZaiModel)
    assert "open.bigmodel.cn" in built.base_url


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


def test_without_its_libraries_opsmith_runs_and_says_what_to_install() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_LLM], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "install `opsmith[llm]`" in ran.stdout
