"""The LLM that the settings name, if they name one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmith.errors import BadInput

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings

    from opsmith.settings import Settings

_INSTALL = "An LLM is configured, but its libraries are absent: install `opsmith[llm]`"


def model_from(settings: Settings) -> Model | None:
    """Build the LLM that the settings name, or None where they name none.

    Raises:
        BadInput: See `build_model`.
    """
    if not settings.llm_model.strip():
        return None
    return build_model(
        settings.llm_model,
        base_url=settings.llm_base_url or None,
        api_key=settings.llm_api_key.get_secret_value() or None,
        provider=settings.llm_provider,
        seconds=settings.llm_seconds,
    )


def build_model(
    name: str,
    base_url: str | None = None,
    api_key: str | None = None,
    provider: str = "zai",
    seconds: float = 25,
) -> Model:
    """Build one LLM, or a chain of them where the next answers when the one before does not.

    Nothing is asked of the server here. Only this function imports the libraries.

    Args:
        name: The server's name of the LLM; several of one server are separated by commas.
        base_url: Of the API; None: the provider's own.
        api_key: None where the server wants none.
        provider: `zai` for GLM, `openai` for every server with OpenAI's chat API.
        seconds: A whole diagnosis may take; no LLM of a chain but the last gets all of it.

    Raises:
        BadInput: The libraries are absent, the provider is unknown, or a key is needed.
    """
    names = [part for part in map(str.strip, name.split(",")) if part]
    if not names:
        raise BadInput("No LLM is named; set OPSMITH_LLM_MODEL, such as glm-4.7")
    try:
        from pydantic_ai.models.fallback import FallbackModel
        from pydantic_ai.settings import ModelSettings
    except ImportError as error:
        raise BadInput(_INSTALL) from error
    # Within a chain the next LLM is the retry, and a silent one must leave it time.
    first = ModelSettings(max_retries=0, request_timeout=seconds / 3)
    last = ModelSettings(max_retries=1)
    models = [_one(each, base_url, api_key, provider, first) for each in names[:-1]]
    models.append(_one(names[-1], base_url, api_key, provider, last))
    return models[0] if len(models) == 1 else FallbackModel(*models)


def _one(
    name: str, base_url: str | None, api_key: str | None, provider: str, settings: ModelSettings
) -> Model:
    try:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.models.zai import ZaiModel, ZaiModelSettings
        from pydantic_ai.providers.openai import OpenAIProvider
        from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
        from pydantic_ai.providers.zai import ZaiProvider
    except ImportError as error:
        raise BadInput(_INSTALL) from error
    match provider:
        case "zai":
            if api_key is None:
                raise BadInput("GLM wants a key; set OPSMITH_LLM_API_KEY")
            glm = ZaiProvider(api_key=api_key, base_url=base_url)
            return ZaiModel(name, provider=glm, settings=ZaiModelSettings(**settings))
        case "openai":
            if base_url is not None:
                server = OpenAICompatibleProvider(
                    "openai-compatible", base_url=base_url, api_key=api_key
                )
                return OpenAIChatModel(name, provider=server, settings=settings)
            if api_key is None:
                raise BadInput(
                    "OpenAI wants a key; set OPSMITH_LLM_API_KEY, or OPSMITH_LLM_BASE_URL for "
                    "another server"
                )
            openai = OpenAIProvider(api_key=api_key)
            return OpenAIChatModel(name, provider=openai, settings=settings)
        case _:
            raise BadInput(f"No LLM provider {provider!r}; use zai or openai")
