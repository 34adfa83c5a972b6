"""The embedding model that the settings name, if they name one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from opsmith.errors import BadInput, Unavailable
from opsmith.health import Outages
from opsmith.ports import Vectors
from opsmith_agents.llm_breaker import Breaker
from opsmith_agents.models import host_of

if TYPE_CHECKING:
    from openai import OpenAI

    from opsmith.settings import Settings

_FAILURES = 3
"""In a row, after which the model is left alone for a minute: each may keep a search waiting."""
_MEANWHILE = "the knowledge is ordered by words alone"


def embedder_from(settings: Settings, outages: Outages | None = None) -> OpenAiEmbedder | None:
    """The embedding model that the settings name, or None where they name none.

    Nothing is asked of its server here.

    Raises:
        BadInput: It has no server, the server's address is not right, or the library is absent.
    """
    name, url = settings.embedding_model.strip(), settings.embedding_base_url.strip()
    if not name:
        return None
    if not url:
        raise BadInput(
            "OPSMITH_EMBEDDING_MODEL has no server; set OPSMITH_EMBEDDING_BASE_URL, such as "
            "https://open.bigmodel.cn/api/paas/v4"
        )
    host = host_of(url, "OPSMITH_EMBEDDING")
    if find_spec("openai") is None:
        raise BadInput("OPSMITH_EMBEDDING_MODEL is set, but `opsmith[llm]` is not installed")
    key = settings.embedding_api_key.get_secret_value()
    return OpenAiEmbedder(name, url, host, key, outages or Outages())


class OpenAiEmbedder:
    """A model behind OpenAI's embeddings API, for any number of threads.

    It is asked once: who waits for a search has no time for a second try.

    Args:
        model: As its server calls it.
        url: Base URL of the API.
        host: Where that is, without secrets.
        key: Of the server; empty where it wants none.
        outages: Notes whether it answers.
    """

    def __init__(self, model: str, url: str, host: str, key: str, outages: Outages) -> None:
        self._model = model
        self._url = url
        self._host = host
        self._key = key
        self._outages = outages
        self._breaker = Breaker(failures=_FAILURES)
        outages.expect("embedding")

    @property
    def name(self) -> str:
        """See `Embedder.name`."""
        return f"{self._model} at {self._host}"

    def embed(self, texts: Sequence[str], seconds: float) -> Vectors:
        """See `Embedder.embed`."""
        if not self._breaker.admits():
            raise Unavailable(f"{self.name} failed too often lately")
        try:
            vectors = self._ask(texts, seconds)
        except Unavailable as error:
            self._breaker.fail()
            self._outages.failed("embedding", error, _MEANWHILE)
            raise
        self._breaker.succeed()
        self._outages.answered("embedding")
        return vectors

    def close(self) -> None:
        """See `Embedder.close`."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> OpenAI:
        # Here, for it takes a second to import.
        from openai import OpenAI

        # Without a key given the library would send one that it finds in the environment.
        return OpenAI(api_key=self._key or "none", base_url=self._url, max_retries=0)

    def _ask(self, texts: Sequence[str], seconds: float) -> Vectors:
        """The vectors. Raises `Unavailable`, in words without secrets."""
        client = self._client
        from openai import APIStatusError, APITimeoutError, OpenAIError

        try:
            # As numbers: not every server knows the library's own default, base64.
            answer = client.embeddings.create(
                model=self._model, input=list(texts), encoding_format="float", timeout=seconds
            )
            data = sorted(answer.data, key=lambda one: one.index)
            vectors = np.array([one.embedding for one in data], np.float32)
        except APITimeoutError as error:
            raise Unavailable(f"{self.name} gave no answer in {seconds:g} s") from error
        except APIStatusError as error:
            raise Unavailable(f"{self.name} answered HTTP {error.status_code}") from error
        except OpenAIError as error:
            raise Unavailable(f"{self.name} cannot be reached") from error
        except (AttributeError, TypeError, ValueError) as error:
            # The library takes what comes: a page of HTML, words for numbers, lists of any length.
            raise Unavailable(f"{self.name} answered with something that is no vectors") from error
        return self._checked(vectors, len(texts))

    def _checked(self, vectors: Vectors, wanted: int) -> Vectors:
        """Vectors of length 1. Raises `Unavailable` where they cannot be that."""
        if vectors.ndim != 2 or len(vectors) != wanted:
            raise Unavailable(f"{self.name} did not answer with a vector for each text")
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise Unavailable(f"{self.name} answered with vectors that point nowhere")
        return (vectors / lengths).astype(np.float32)
