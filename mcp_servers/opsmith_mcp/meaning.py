"""How near texts are to a question in meaning, as far as a model says so in time."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from threading import Lock, Thread
from typing import TypeVar

import numpy as np

from opsmith.clock import wall_clock
from opsmith.errors import OpsmithError, Unavailable
from opsmith.ports import Embedder, Vectors
from opsmith.storage.database import Database
from opsmith.storage.text_embeddings import TextEmbeddings

logger = logging.getLogger(__name__)

_AT_ONCE = 32
"""Texts of one request; no server known to us takes fewer."""
_PATIENCE = 30.0
"""Seconds that such a request may take: it goes on after the search that needs it has answered."""
_WAKING = 10.0
"""Seconds that a question may take, likewise: servers load a model that was not used for long."""
_PAUSE = 60.0
"""Seconds before texts are sent again after that failed: questions may still go well."""
_QUESTIONS = 256
"""Questions whose vectors are remembered."""

T = TypeVar("T")


class Meaning:
    """Compares texts with a question by their vectors.

    A text is embedded when it is first found, never before, and its vector is kept in the tables,
    for every process: only what is searched for costs anything, and leaves the plant.

    Args:
        embedder: The model.
        database: Where the vectors are kept.
        seconds: A search waits; what is not there by then is there for the next one.
        ticks: Seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        embedder: Embedder,
        database: Database,
        seconds: float,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._embedder = embedder
        self._kept = TextEmbeddings(database, embedder.name)
        self._seconds = seconds
        self._ticks = ticks
        self._questions = OrderedDict[str, Vectors]()
        self._coming = dict[str, Future[Mapping[str, Vectors]]]()
        self._not_before = float("-inf")
        self._lock = Lock()
        self._closing = Lock()
        self._closed = False

    def nearness(self, question: str, candidates: Sequence[Sequence[str]]) -> Vectors | None:
        """How near each candidate is to the question; None: that is not known in time.

        Args:
            question: As it was asked.
            candidates: The texts of each, at least one; the nearest counts.

        Returns:
            Shape (n,), cosines.
        """
        until = time.monotonic() + self._seconds
        texts = list(dict.fromkeys(text for one in candidates for text in one))
        try:
            asked = self._asked(question, until)
            vectors = self._of(texts, len(asked), until)
        except (Unavailable, TimeoutError):
            return None
        cosines = np.stack([vectors[text] for text in texts]) @ asked
        by_text = dict(zip(texts, cosines, strict=True))
        return np.array([max(by_text[text] for text in one) for one in candidates], np.float32)

    def close(self) -> None:
        """Let nothing more be kept, and close the model's connections."""
        with self._closing:
            self._closed = True
        self._embedder.close()

    def _asked(self, question: str, until: float) -> Vectors:
        """The question's vector, shape (d,). Raises `Unavailable`, `TimeoutError`."""
        with self._lock:
            known = self._questions.get(question)
            if known is not None:
                self._questions.move_to_end(question)
                return known
        return _beside(lambda: self._embed_question(question)).result(_left(until))

    def _embed_question(self, question: str) -> Vectors:
        vector = self._embedder.embed([question], _WAKING)[0]
        with self._lock:
            self._questions[question] = vector
            if len(self._questions) > _QUESTIONS:
                self._questions.popitem(last=False)
        return vector

    def _of(self, texts: Sequence[str], size: int, until: float) -> Mapping[str, Vectors]:
        """The vectors of texts. Raises `Unavailable`, `TimeoutError`."""
        # Those of another size are of a model that went by the same name.
        vectors = {text: v for text, v in self._kept.get(texts).items() if len(v) == size}
        missing = [text for text in texts if text not in vectors]
        if not missing:
            return vectors
        coming = self._coming_for(missing, size)
        if wait(coming, _left(until)).not_done:
            raise TimeoutError
        for each in coming:
            vectors.update(each.result())
        return vectors

    def _coming_for(self, missing: Sequence[str], size: int) -> set[Future[Mapping[str, Vectors]]]:
        """What brings these vectors: under way already, or begun here. Raises `Unavailable`."""
        with self._lock:
            mine = [text for text in missing if text not in self._coming]
            if mine:
                if self._ticks() < self._not_before:
                    raise Unavailable("The last texts could not be embedded")
                made = _beside(lambda: self._embed(mine, size))
                self._coming.update(dict.fromkeys(mine, made))
            return {self._coming[text] for text in missing}

    def _embed(self, texts: Sequence[str], size: int) -> Mapping[str, Vectors]:
        made = dict[str, Vectors]()
        try:
            for begin in range(0, len(texts), _AT_ONCE):
                part = texts[begin : begin + _AT_ONCE]
                vectors = self._embedder.embed(part, _PATIENCE)
                if vectors.shape[1] != size:
                    sizes = f"{vectors.shape[1]} numbers a text, {size} for the question"
                    logger.warning("%s answers with %s", self._embedder.name, sizes)
                    raise Unavailable(f"{self._embedder.name} answers with {sizes}")
                new = dict(zip(part, vectors, strict=True))
                with self._closing:
                    if self._closed:
                        raise Unavailable("The plant was closed")
                    self._kept.put(new, wall_clock())
                made |= new
        except OpsmithError:
            self._not_before = self._ticks() + _PAUSE
            raise
        finally:
            with self._lock:
                for text in texts:
                    del self._coming[text]
        return made


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _beside(work: Callable[[], T]) -> "Future[T]":
    """Do something in a thread that does not keep the process from ending."""
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(work())
        except OpsmithError as error:
            future.set_exception(error)
        except Exception:
            logger.exception("Texts could not be compared by meaning")
            future.set_exception(Unavailable("Texts could not be compared by meaning"))

    Thread(target=run, name="meaning", daemon=True).start()
    return future
