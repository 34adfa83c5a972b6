"""A small local server with OpenAI's chat API, whose every answer a script decides.

`llm_people` has scripts that behave as a model does, `llm_faults` those that fail as servers do.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Request = dict[str, Any]
"""The body of a chat request, as OpenAI's API has it."""

PROBE = "This is a test of the connection"
"""How the question begins with which opsmith finds out what a model can do."""


@dataclass
class Reply:
    """What goes back over the wire."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    hang: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut: int | None = None
    """Bytes after which the connection breaks."""
    pieces: Iterator[str] | None = None
    """Words that are sent one after the other as they are given, where they are asked for so; the
    connection breaks where it raises."""


Script = Callable[[Request], Reply]


def always(reply: Reply) -> Script:
    """The same answer to every request."""
    return lambda _: reply


def says(text: str) -> Reply:
    """An answer in words."""
    return completion({"role": "assistant", "content": text}, "stop")


def says_bit_by_bit(pieces: Iterable[str]) -> Reply:
    """The same, each piece sent when it is given."""
    return Reply(pieces=iter(pieces))


def calls(*tools: tuple[str, dict[str, Any]]) -> Reply:
    """A request to call these tools."""
    return calls_as_written(*((name, json.dumps(arguments)) for name, arguments in tools))


def calls_as_written(*tools: tuple[str, str]) -> Reply:
    """The same with arguments that need not be JSON."""
    made = [
        {
            "id": f"call_{number}_{name}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for number, (name, arguments) in enumerate(tools)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    return completion(message, "tool_calls")


def fails(status: int, retry_after: str | None = None) -> Reply:
    """An error as OpenAI's API tells it."""
    body = json.dumps({"error": {"message": f"scripted {status}", "type": "server_error"}})
    # Without it, who asked would wait before the next try, as it should.
    wait = {"retry-after-ms": "1"} if retry_after is None else {"retry-after": retry_after}
    return Reply(status, body.encode(), headers=wait)


def talks_html() -> Reply:
    """A proxy's page where JSON was due."""
    return Reply(200, b"<html>Welcome to the hotel network</html>", "text/html")


def hangs() -> Reply:
    """No answer until the server is closed."""
    return Reply(hang=True)


def completion(message: dict[str, Any], finish: str) -> Reply:
    """A chat completion with one message."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    return Reply(200, json.dumps(body).encode())


def tool_results(request: Request) -> list[Any]:
    """What the tools answered so far, oldest first; a refusal in words is a text."""
    return [_read(m["content"]) for m in request["messages"] if m["role"] == "tool"]


def tool_names(request: Request) -> list[str]:
    """The tools that the request offers."""
    return [tool["function"]["name"] for tool in request.get("tools", ())]


def is_probe(request: Request) -> bool:
    """Whether opsmith is only finding out what the model can do."""
    return any(str(m.get("content")).startswith(PROBE) for m in request["messages"])


def able(request: Request) -> Reply:
    """Passes the probe as a model that calls tools."""
    results = tool_results(request)
    if results:
        return calls(("final_result", {"reading": results[-1]["reading"]}))
    return calls(("read_test_gauge", {}))


def _read(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


class LlmServer:
    """The server, on a free loopback port, while it is entered.

    Args:
        script: Decides each answer. What it raises is told as HTTP 500 and kept in `errors`.
        probes: Whether the server passes opsmith's probe by itself; else the script gets it too.
    """

    def __init__(self, script: Script, *, probes: bool = True) -> None:
        self.requests: list[Request] = []
        self.errors: list[Exception] = []
        self._script = script
        self._probes = probes
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Base URL for an OpenAI client."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def use(self, script: Script) -> None:
        """Have another script decide from here on."""
        self._script = script

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join(5)
        self._http.server_close()

    def _answer(self, request: Request) -> Reply:
        self.requests.append(request)
        if self._probes and is_probe(request):
            return able(request)
        try:
            return _as_asked(self._script(request), request)
        except Exception as error:
            self.errors.append(error)
            return fails(500)

    def _write(self, handler: BaseHTTPRequestHandler, reply: Reply) -> bool:
        if reply.pieces is not None:
            return self._write_bit_by_bit(handler, reply.pieces)
        handler.send_header("content-length", str(len(reply.body)))
        handler.end_headers()
        try:
            handler.wfile.write(reply.body[: reply.cut])
        except OSError:
            return False
        return True

    def _write_bit_by_bit(self, handler: BaseHTTPRequestHandler, pieces: Iterator[str]) -> bool:
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        try:
            for event in _events(pieces):
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event.encode()))
                handler.wfile.flush()
            handler.wfile.write(b"0\r\n\r\n")
        except Exception as error:
            # Without the last chunk, who asked sees that the connection broke.
            self.errors.append(error)
        return False

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                models = {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
                self._send(Reply(200, json.dumps(models).encode()))

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                request: Request = json.loads(self.rfile.read(length))
                reply = server._answer(request)
                if reply.hang:
                    server._closing.wait(30)
                    self.close_connection = True
                    return
                self._send(reply)

            def _send(self, reply: Reply) -> None:
                self.send_response(reply.status)
                self.send_header("content-type", reply.content_type)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if not server._write(self, reply):
                    # Who asked has given up on it, or the connection is to break.
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the test's output clean."""

        return Handler


def _as_asked(reply: Reply, request: Request) -> Reply:
    """Whole or in events, as the request wants it."""
    if not request.get("stream"):
        return reply if reply.pieces is None else says("".join(reply.pieces))
    if reply.pieces is None:
        return _streamed(reply)
    return Reply(content_type="text/event-stream", pieces=reply.pieces)


def _streamed(reply: Reply) -> Reply:
    """The same as server-sent events, where it is a completion."""
    try:
        body = json.loads(reply.body)
        (choice,) = body["choices"]
    except (ValueError, KeyError, TypeError):
        return reply
    events = "".join(f"data: {json.dumps(one)}\n\n" for one in _chunks(body, choice))
    wire = f"{events}data: [DONE]\n\n".encode()
    return Reply(reply.status, wire, "text/event-stream", headers=reply.headers, cut=reply.cut)


def _events(pieces: Iterator[str]) -> Iterator[str]:
    body = json.loads(says("").body)
    (choice,) = body["choices"]
    for one in _chunks(body, choice, pieces):
        yield f"data: {json.dumps(one)}\n\n"
    yield "data: [DONE]\n\n"


def _chunks(
    body: dict[str, Any], choice: dict[str, Any], pieces: Iterable[str] | None = None
) -> Iterator[dict[str, Any]]:
    head = {**body, "object": "chat.completion.chunk"}
    del head["usage"], head["choices"]

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    message = choice["message"]
    yield chunk({"role": "assistant"})
    text = message.get("content") or ""
    for piece in pieces or (text[start : start + 40] for start in range(0, len(text), 40)):
        yield chunk({"content": piece})
    for number, call in enumerate(message.get("tool_calls") or ()):
        yield chunk({"tool_calls": [{**call, "index": number}]})
    yield chunk({}, choice["finish_reason"])
    yield {**head, "choices": [], "usage": body["usage"]}
