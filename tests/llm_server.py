"""A small local server with OpenAI's chat API, whose every answer a test scripts."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Request = dict[str, Any]
"""The body of a chat request, as OpenAI's API has it."""


@dataclass
class Reply:
    """What goes back over the wire."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    hang: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])


Script = Callable[[Request], Reply]


def always(reply: Reply) -> Script:
    """The same answer to every request."""
    return lambda _: reply


def says(text: str) -> Reply:
    """An answer in words."""
    return _completion({"role": "assistant", "content": text}, "stop")


def calls(*tools: tuple[str, dict[str, Any]]) -> Reply:
    """A request to call these tools."""
    made = [
        {
            "id": f"call_{number}_{name}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for number, (name, arguments) in enumerate(tools)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    return _completion(message, "tool_calls")


def fails(status: int) -> Reply:
    """An error as OpenAI's API tells it."""
    body = json.dumps({"error": {"message": f"scripted {status}", "type": "server_error"}})
    # The client would otherwise wait before its own second try.
    return Reply(status, body.encode(), headers={"retry-after-ms": "1"})


def talks_html() -> Reply:
    """A proxy's page where JSON was due."""
    return Reply(200, b"<html>Welcome to the hotel network</html>", "text/html")


def hangs() -> Reply:
    """No answer until the server is closed."""
    return Reply(hang=True)


def _completion(message: dict[str, Any], finish: str) -> Reply:
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
    """What the tools answered so far, oldest first."""
    return [json.loads(m["content"]) for m in request["messages"] if m["role"] == "tool"]


def tool_names(request: Request) -> list[str]:
    """The tools that the request offers."""
    return [tool["function"]["name"] for tool in request.get("tools", ())]


class LlmServer:
    """The server, on a free loopback port, while it is entered."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self._script = script
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Base URL for an OpenAI client."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join(5)
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                request: Request = json.loads(self.rfile.read(length))
                server.requests.append(request)
                reply = server._script(request)
                if reply.hang:
                    server._closing.wait(30)
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                self.send_header("content-type", reply.content_type)
                self.send_header("content-length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the test's output clean."""

        return Handler
