"""The LLMs that the settings name, if they name any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opsmith.errors import BadInput

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings

    from opsmith.settings import Settings

_INSTALL = "An LLM is configured, but its libraries are absent: install `opsmith[llm]`"
_ENTRY = re.compile(r"(?:(?P<provider>zai|openai):)?(?P<name>.+?)(?:@(?P<url>https?://.+))?")
_LONGEST_ANSWER = 8192
"""Tokens of one answer; a diagnosis has about a thousand."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One LLM of a chain."""

    name: str
    provider: str
    base_url: str | None
    """Of its server; None: the provider's own."""
    api_key: str | None

    @property
    def host(self) -> str:
        """Where it is asked, without anything that could be a secret."""
        return host_of(self.base_url) if self.base_url else self.provider


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

    Each tries again by itself where that may help and rests while its server fails. Nothing is
    asked of a server here. Only this function imports the libraries.

    Args:
        name: See `entries`.
        base_url: Of the API; None: the provider's own.
        api_key: None where the server wants none; see `entries`.
        provider: `zai` for GLM, `openai` for every server with OpenAI's chat API.
        seconds: A whole diagnosis may take; no LLM of a chain but the last gets all of it.

    Raises:
        BadInput: The libraries are absent, the provider is unknown, a key is needed, or a URL is
            not right.
    """
    chain = entries(name, base_url, api_key, provider)
    if not chain:
        raise BadInput("No LLM is named; set OPSMITH_LLM_MODEL, such as glm-4.7")
    try:
        from pydantic_ai.models.fallback import FallbackModel
        from pydantic_ai.settings import ModelSettings

        from opsmith_agents.llm_steady import SteadyModel
    except ImportError as error:
        raise BadInput(_INSTALL) from error
    # The library's client does not try again: that is for `SteadyModel`, which knows the time left.
    once = ModelSettings(max_retries=0, max_tokens=_LONGEST_ANSWER)
    models = [
        # Within a chain a silent LLM must leave time for the next one.
        SteadyModel(_one(entry, once), tries=2, patience=seconds / 4)
        for entry in chain[:-1]
    ]
    models.append(SteadyModel(_one(chain[-1], once)))
    return models[0] if len(models) == 1 else FallbackModel(*models)


def entries(
    name: str, base_url: str | None = None, api_key: str | None = None, provider: str = "zai"
) -> Sequence[Entry]:
    """Read a chain as it is written: `glm-4.7, openai:qwen3@http://127.0.0.1:8000/v1`.

    Each is a model's name, before it a provider and behind it a server of its own, where those are
    not the ones given. A key is sent to no server but its own: one alone goes to those without a
    server of their own; several, by commas, go to the models in their order.

    Raises:
        BadInput: A URL is not right.

    >>> [(e.name, e.provider, e.host, e.api_key)
    ...  for e in entries("glm-4.7, openai:qwen3:8b@http://127.0.0.1:8000/v1", api_key="k")]
    [('glm-4.7', 'zai', 'zai', 'k'), ('qwen3:8b', 'openai', '127.0.0.1:8000', None)]
    """
    parts = [part for part in map(str.strip, name.split(",")) if part]
    keys = [key.strip() or None for key in (api_key or "").split(",")]
    return [
        _entry(part, place, keys, base_url, provider, alone=len(parts) == 1)
        for place, part in enumerate(parts)
    ]


def shown_chain(settings: Settings) -> str:
    """The LLMs that the settings name, without their servers.

    Raises:
        BadInput: See `entries`.
    """
    return ", ".join(one.name for one in chain_in(settings))


def chain_in(settings: Settings) -> Sequence[Entry]:
    """The chain that the settings name. Raises `BadInput`; see `entries`."""
    return entries(
        settings.llm_model,
        settings.llm_base_url or None,
        settings.llm_api_key.get_secret_value() or None,
        settings.llm_provider,
    )


def _entry(
    part: str,
    place: int,
    keys: Sequence[str | None],
    base_url: str | None,
    provider: str,
    *,
    alone: bool,
) -> Entry:
    m = _ENTRY.fullmatch(part)
    assert m is not None, "any text has a name"
    if m["name"] == "rules":
        raise BadInput("Bad setting OPSMITH_LLM_MODEL: rules is what signs the reports of rules")
    own, asked = m["url"], m["provider"] or provider
    is_ours = own is None and asked == provider
    if len(keys) > 1:
        key = keys[place] if place < len(keys) else None
    else:
        key = keys[0] if is_ours or alone else None
    url = own or (base_url if is_ours else None)
    if url is not None:
        host_of(url)
    return Entry(m["name"], asked, url, key)


def host_of(url: str, setting: str = "OPSMITH_LLM") -> str:
    """Host and port of a server.

    Raises:
        BadInput: It is no address of one, in the words of `setting`; what could be a secret is
            not repeated.
    """
    bad = f"Bad setting {setting}_BASE_URL: it"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadInput(f"{bad} is no address") from error
    if parts.username is not None or parts.password is not None:
        raise BadInput(f"{bad} holds a name or a password; set {setting}_API_KEY")
    if parts.scheme not in ("http", "https") or not host:
        raise BadInput(f"{bad} is no http address")
    return f"{host}:{port}" if port else host


def _one(entry: Entry, settings: ModelSettings) -> Model:
    try:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.models.zai import ZaiModel, ZaiModelSettings
        from pydantic_ai.providers.openai import OpenAIProvider
        from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
        from pydantic_ai.providers.zai import ZaiProvider
    except ImportError as error:
        raise BadInput(_INSTALL) from error
    match entry.provider:
        case "zai":
            if entry.api_key is None:
                raise BadInput("GLM wants a key; set OPSMITH_LLM_API_KEY")
            glm = ZaiProvider(api_key=entry.api_key, base_url=entry.base_url)
            return ZaiModel(entry.name, provider=glm, settings=ZaiModelSettings(**settings))
        case "openai":
            if entry.base_url is not None:
                server = OpenAICompatibleProvider(
                    "openai-compatible", base_url=entry.base_url, api_key=entry.api_key
                )
                return OpenAIChatModel(entry.name, provider=server, settings=settings)
            if entry.api_key is None:
                raise BadInput(
                    "OpenAI wants a key; set OPSMITH_LLM_API_KEY, or OPSMITH_LLM_BASE_URL for "
                    "another server"
                )
            openai = OpenAIProvider(api_key=entry.api_key)
            return OpenAIChatModel(entry.name, provider=openai, settings=settings)
        case _:
            raise BadInput(f"No LLM provider {entry.provider!r}; use zai or openai")
