"""What a small embedding model answers, for `LlmServer`: real vectors, made of letters alone."""

import json
import threading
from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
from llm_server import Reply, Request

from opsmith.ports import Vectors

Vectorizer = Callable[[Sequence[str]], Vectors]
"""Gives vectors of texts, shape (n, d)."""

SIZE = 128


class EmbeddingScript:
    """Answers embeddings requests, and keeps which texts it was sent.

    Args:
        vectorize: Makes the vectors.
    """

    def __init__(self, vectorize: Vectorizer | None = None) -> None:
        self.texts: list[str] = []
        self.open = threading.Event()
        """While it is cleared no request is answered."""
        self.open.set()
        self._vectorize = vectorize or by_letters

    def __call__(self, request: Request) -> Reply:
        assert self.open.wait(30)
        texts: list[str] = request["input"]
        self.texts += texts
        return vectors_told(self._vectorize(texts).tolist())


def vectors_told(vectors: Sequence[object]) -> Reply:
    """An answer with these vectors, the last one first: their index says whose they are."""
    data = [
        {"object": "embedding", "index": place, "embedding": vector}
        for place, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    body = {"object": "list", "data": data[::-1], "model": "letters", "usage": usage}
    return Reply(200, json.dumps(body).encode())


def by_letters(texts: Sequence[str]) -> Vectors:
    """Texts that share runs of two and three letters are alike."""
    vectors = np.zeros((len(texts), SIZE), np.float32)
    for row, text in zip(vectors, texts, strict=True):
        line = text.lower()
        for length in (2, 3):
            for begin in range(len(line) - length + 1):
                row[crc32(line[begin : begin + length].encode()) % SIZE] += 1
    return np.sqrt(vectors) + np.float32(1e-3)


def in_favour_of(*words: str) -> Vectorizer:
    """Questions are like the texts that have one of these words, and unlike all others."""

    def vectorize(texts: Sequence[str]) -> Vectors:
        # A question comes alone, and is short.
        def is_near(text: str) -> bool:
            return len(texts) == 1 or any(word in text for word in words)

        return np.array([[1.0, 0.0] if is_near(one) else [0.0, 1.0] for one in texts], np.float32)

    return vectorize
