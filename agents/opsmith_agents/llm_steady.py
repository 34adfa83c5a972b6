"""One LLM that is asked again where that may help, and left alone while its server fails."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

import anyio
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRequestRejectedError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from opsmith.clock import wall_clock
from opsmith.metrics import LLM_REQUESTS, LLM_SECONDS, LLM_TOKENS
from opsmith_agents.llm_breaker import Breaker
from opsmith_agents.llm_words import Listener, listener, request_heard

_LONGEST = 200_000
"""Signs of an answer; a diagnosis has some thousands, and what is sent back is paid for again."""
_HOPELESS = (ModelRequestRejectedError, ModelQuotaExceededError)
"""The same request again would fail again."""
_LASTING = (ModelAuthenticationError, ModelNotFoundError)
"""Any other request would fail too."""


class Resting(ModelAPIError):
    """The LLM failed too often lately and was not asked."""


class Malformed(ModelAPIError):
    """The server answered with something that is no chat completion, or far too long."""


class SteadyModel(WrapperModel):
    """Tries again with growing, jittered pauses, as far as the time that is left allows.

    Where somebody listens, its words are heard as they come; a server that cannot send them so is
    asked for all at once. A server's `Retry-After` is kept to. Failures open the breaker, save of
    requests that the server refuses as such (HTTP 400, 422): another request may suit it.

    Args:
        wrapped: The LLM, whose own client does not try again.
        tries: Of one request, the first one included.
        patience: Seconds that one try may take; None: all that are left.
        breaker: Of this LLM alone.
        pause: Seconds before the second try; twice as many before each further one.
        chance: Of the jitter.
    """

    def __init__(
        self,
        wrapped: Model,
        tries: int = 3,
        patience: float | None = None,
        breaker: Breaker | None = None,
        pause: float = 0.5,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(wrapped)
        self.breaker = breaker or Breaker()
        self._tries = tries
        self._patience = patience
        self._pause = pause
        self._chance = chance or random.Random()
        self._streams = True
        self._asked: Counter[str] = Counter()
        self._failed_at: datetime | None = None
        self._failure = ""

    @property
    def facts(self) -> dict[str, Any]:
        """How it does since it was built, in JSON values, for those who watch."""
        return {
            "model": self.model_name,
            "circuit": self.breaker.state,
            "requests": self._asked.total(),
            "answered": self._asked["ok"],
            "failed_at": None if self._failed_at is None else self._failed_at.isoformat(),
            "failure": self._failure,
        }

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """See `Model.request`."""
        for attempt in count(1):
            if not self.breaker.admits():
                LLM_REQUESTS.labels("resting").inc()
                raise Resting(self.model_name, "It failed too often lately")
            try:
                return await self._try(messages, model_settings, model_request_parameters)
            except ModelAPIError as error:
                if not isinstance(error, ModelRequestRejectedError) or isinstance(error, _LASTING):
                    self.breaker.fail()
                wait = self._wait(attempt, error)
                if wait is None:
                    raise
                await anyio.sleep(wait)
        raise AssertionError("unreachable")

    async def _try(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """One request, counted by what came of it."""
        began, outcome = time.perf_counter(), "cancelled"
        try:
            response = await self._answer(messages, settings, parameters)
            outcome = "ok"
        except asyncio.CancelledError:
            # By a deadline further out: it was silent for all the time that there was.
            if anyio.current_effective_deadline() <= anyio.current_time():
                self.breaker.fail()
                outcome = "timeout"
            raise
        except Exception as error:
            outcome = _outcome(error)
            raise
        finally:
            self._note(outcome)
            LLM_SECONDS.observe(time.perf_counter() - began)
        LLM_TOKENS.labels("in").inc(response.usage.input_tokens)
        LLM_TOKENS.labels("out").inc(response.usage.output_tokens)
        return response

    def _note(self, outcome: str) -> None:
        LLM_REQUESTS.labels(outcome).inc()
        self._asked[outcome] += 1
        # Who gave up on an answer says nothing of the LLM.
        if outcome not in ("ok", "cancelled"):
            self._failed_at, self._failure = wall_clock(), outcome

    async def _answer(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> ModelResponse:
        try:
            with anyio.fail_after(self._patience):
                heard = listener()
                if heard is None or not self._streams:
                    response = await self.wrapped.request(messages, settings, parameters)
                else:
                    response = await self._heard(messages, settings, parameters, heard)
        except TimeoutError as error:
            raise ModelTimeoutError(self.model_name, "It gave no answer in time") from error
        except UnexpectedModelBehavior as error:
            raise Malformed(self.model_name, "Its answer was no chat completion") from error
        if _size(response) > _LONGEST:
            raise Malformed(self.model_name, "Its answer was far too long")
        self.breaker.succeed()
        return response

    async def _heard(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        heard: Listener,
    ) -> ModelResponse:
        try:
            response, ended = await request_heard(
                self.wrapped, messages, settings, parameters, heard
            )
        except ModelRequestRejectedError as error:
            if isinstance(error, _LASTING):
                raise
            response = await self.wrapped.request(messages, settings, parameters)
            self._streams = False
            return response
        if not ended:
            raise Malformed(self.model_name, "Its answer broke off")
        return response

    def _wait(self, attempt: int, error: ModelAPIError) -> float | None:
        """Seconds before the next try; None: there is none."""
        if attempt >= self._tries or isinstance(error, _HOPELESS):
            return None
        wait = self._pause * 2 ** (attempt - 1) * self._chance.uniform(0.5, 1.5)
        if error.retry_after is not None:
            wait = error.retry_after * self._chance.uniform(1.0, 1.1)
        left = anyio.current_effective_deadline() - anyio.current_time()
        # A try that begins as the time runs out is of no use.
        return wait if wait < 0.5 * left else None


def chain_of(model: Model) -> Sequence[Model]:
    """The LLMs of a chain, in their order; of one LLM, that one."""
    return model.models if isinstance(model, FallbackModel) else (model,)


def facts_of(model: Model) -> Sequence[dict[str, Any]]:
    """How each LLM of a chain does; see `SteadyModel.facts`."""
    return [one.facts for one in chain_of(model) if isinstance(one, SteadyModel)]


def is_resting(model: Model) -> bool:
    """Whether an LLM is not to be asked now."""
    return isinstance(model, SteadyModel) and model.breaker.state == "open"


def _outcome(error: Exception) -> str:
    """What came of a request that failed, in one of a few words."""
    match error:
        case ModelTimeoutError():
            return "timeout"
        case Malformed():
            return "malformed"
        case ModelAuthenticationError() | ModelNotFoundError() | ModelQuotaExceededError():
            return "no_access"
        case ModelRequestRejectedError():
            return "rejected"
        case ModelHTTPError():
            return "server_error"
        case _:
            return "unreachable"


def _size(response: ModelResponse) -> int:
    """Signs of all its parts: texts, thoughts and the arguments of calls."""
    said = (getattr(part, "args", None) or getattr(part, "content", "") for part in response.parts)
    return sum(len(str(one)) for one in said)
