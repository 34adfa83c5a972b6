"""What the official conformance suite asks a server for, by name, on our own server stack."""

import base64
import json
from typing import Any

import anyio
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.prompts import Message
from fastmcp.tools.base import ToolResult
from mcp.types import (
    AudioContent,
    Completion,
    CreateMessageResult,
    EmbeddedResource,
    ImageContent,
    SamplingMessage,
    TextContent,
    TextResourceContents,
)
from pydantic import AnyUrl

from opsmith_mcp.jobs import JobBook
from opsmith_mcp.low_level import on_completion, on_subscription
from opsmith_mcp.server import READER, serve
from opsmith_mcp.subscriptions import Subscriptions

PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360f8cfc0f01f0005000201a5d5b3ca0000000049454e44ae426082"
    )
).decode()
SILENCE = base64.b64encode(
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"
).decode()
PAUSE = 0.05


def text(words: str) -> TextContent:
    return TextContent(type="text", text=words)


def image() -> ImageContent:
    return ImageContent(type="image", data=PIXEL, mimeType="image/png")


def embedded(uri: str, mime_type: str, words: str) -> EmbeddedResource:
    inside = TextResourceContents(uri=AnyUrl(uri), mimeType=mime_type, text=words)
    return EmbeddedResource(type="resource", resource=inside)


class Fixture:
    """The tools that the suite calls."""

    def test_simple_text(self) -> ToolResult:
        """Answer with a simple text."""
        return ToolResult(content=[text("This is a simple text response for testing.")])

    def test_image_content(self) -> ToolResult:
        """Answer with an image."""
        return ToolResult(content=[image()])

    def test_audio_content(self) -> ToolResult:
        """Answer with a sound."""
        sound = AudioContent(type="audio", data=SILENCE, mimeType="audio/wav")
        return ToolResult(content=[sound])

    def test_embedded_resource(self) -> ToolResult:
        """Answer with a resource."""
        words = "This is an embedded resource content."
        return ToolResult(content=[embedded("test://embedded-resource", "text/plain", words)])

    def test_multiple_content_types(self) -> ToolResult:
        """Answer with a text, an image and a resource."""
        words = json.dumps({"test": "data", "value": 123})
        other = embedded("test://mixed-content-resource", "application/json", words)
        return ToolResult(content=[text("Multiple content types test:"), image(), other])

    async def test_tool_with_logging(self, ctx: Context) -> ToolResult:
        """Log three lines."""
        await ctx.info("Tool execution started")
        await anyio.sleep(PAUSE)
        await ctx.info("Tool processing data")
        await anyio.sleep(PAUSE)
        await ctx.info("Tool execution completed")
        return ToolResult(content=[text("Logged three lines.")])

    async def test_tool_with_progress(self, ctx: Context) -> ToolResult:
        """Report progress three times."""
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100)
            await anyio.sleep(PAUSE)
        return ToolResult(content=[text("Done.")])

    def test_error_handling(self) -> ToolResult:
        """Fail."""
        raise ToolError("This tool intentionally returns an error for testing")

    async def test_sampling(self, prompt: str, ctx: Context) -> ToolResult:
        """Ask the client's model."""
        asked = SamplingMessage(role="user", content=text(prompt))
        answer = await ctx.session.create_message(
            [asked], max_tokens=100, related_request_id=ctx.request_id
        )
        assert isinstance(answer, CreateMessageResult)
        words = getattr(answer.content, "text", "")
        return ToolResult(content=[text(f"LLM response: {words}")])

    async def test_elicitation(self, message: str, ctx: Context) -> ToolResult:
        """Ask the person for a name and an address."""
        fields = {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        }
        return await _elicited(ctx, message, fields, "User response: ", ["username", "email"])

    async def test_elicitation_sep1034_defaults(self, ctx: Context) -> ToolResult:
        """Ask the person with defaults of every primitive type."""
        states = ["active", "inactive", "pending"]
        fields = {
            "name": {"type": "string", "description": "Name", "default": "John Doe"},
            "age": {"type": "integer", "description": "Age", "default": 30},
            "score": {"type": "number", "description": "Score", "default": 95.5},
            "status": {"type": "string", "enum": states, "default": "active"},
            "verified": {"type": "boolean", "description": "Verified", "default": True},
        }
        return await _elicited(ctx, "Please check the defaults", fields, "Elicitation completed: ")

    async def test_elicitation_sep1330_enums(self, ctx: Context) -> ToolResult:
        """Ask the person with every kind of choice."""
        options = ["option1", "option2", "option3"]
        titled = [
            {"const": f"value{number}", "title": f"{place} Option"}
            for number, place in enumerate(("First", "Second", "Third"), 1)
        ]
        fields: dict[str, dict[str, Any]] = {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        }
        return await _elicited(ctx, "Please choose", fields, "Elicitation completed: ")


async def _elicited(
    ctx: Context,
    message: str,
    fields: dict[str, dict[str, Any]],
    begins: str,
    required: list[str] | None = None,
) -> ToolResult:
    schema = {"type": "object", "properties": fields, "required": required or []}
    answer = await ctx.session.elicit(message, schema, related_request_id=ctx.request_id)
    content = json.dumps(answer.content)
    return ToolResult(content=[text(f"{begins}action={answer.action}, content={content}")])


def conformance_server() -> FastMCP[Any]:
    """The fixture as any plant is served."""
    server = serve("conformance", Fixture(), caller=READER, jobs=JobBook())
    _add_resources(server)
    _add_prompts(server)

    async def complete(ref: Any, argument: Any, context: Any) -> Completion:
        return Completion(values=["test-value"], total=1, hasMore=False)

    on_completion(server, complete)
    subscriptions = Subscriptions(lambda uri: uri, lambda: READER)
    on_subscription(server, subscriptions.subscribe, subscriptions.unsubscribe)
    return server


def _add_resources(server: FastMCP[Any]) -> None:
    @server.resource("test://static-text", description="A text.", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", description="A picture.", mime_type="image/png")
    def static_binary() -> bytes:
        return base64.b64decode(PIXEL)

    @server.resource("test://watched-resource", description="Watched.", mime_type="text/plain")
    def watched() -> str:
        return "Watched resource content."

    @server.resource(
        "test://template/{id}/data", description="A template.", mime_type="application/json"
    )
    def template(id: str) -> str:
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    del static_text, static_binary, watched, template


def _add_prompts(server: FastMCP[Any]) -> None:
    @server.prompt
    def test_simple_prompt() -> str:
        """Say a sentence."""
        return "This is a simple prompt for testing."

    @server.prompt
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Say two words."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803  as the suite names it
        """Give a resource to read."""
        words = "Embedded resource content for testing."
        return [
            Message(embedded(resourceUri, "text/plain", words)),
            Message("Please process the embedded resource above."),
        ]

    @server.prompt
    def test_prompt_with_image() -> list[Message]:
        """Give an image to look at."""
        return [Message(image()), Message("Please analyze the image above.")]

    del test_simple_prompt, test_prompt_with_arguments
    del test_prompt_with_embedded_resource, test_prompt_with_image
