"""LlamaIndex agents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool

from agent_cases import AwaitedAgentCases
from faramesh.integrations import govern
from world import Call, World


def scripted(turns: list[list[Call]]) -> MockFunctionCallingLLM:
    left = iter(turns)
    ids = iter(range(1_000))

    def say(_: Sequence[ChatMessage], **__: Any) -> ChatMessage:
        turn = next(left, None)
        if turn is None:
            return ChatMessage(role="assistant", content="done")
        blocks = [
            ToolCallBlock(tool_call_id=f"call-{next(ids)}", tool_name=name, tool_kwargs=args) for name, args in turn
        ]
        return ChatMessage(role="assistant", blocks=blocks)

    return MockFunctionCallingLLM(response_generator=say, is_chat_model=True)


class LlamaAgent:
    def __init__(self, world: World, way: str) -> None:
        self.streaming = "streamed" in way
        functions = world.functions(asynchronous="coroutine" in way)
        as_argument = "async_fn" if "coroutine" in way else "fn"
        self.tools = [FunctionTool.from_defaults(**{as_argument: one}) for one in functions]

    def governed(self, **options: Any) -> dict[str, Any]:
        return {"ready": govern(self.tools, **options)}

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return asyncio.run(self.start(turns, **options))

    async def start(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        tools = ready or self.governed(**options)["ready"]
        agent = FunctionAgent(tools=tools, llm=scripted(turns), streaming=self.streaming)
        running = agent.run(user_msg="go")
        try:
            results = [event async for event in running.stream_events() if isinstance(event, ToolCallResult)]
            await running
        except asyncio.CancelledError:
            await running.cancel_run()
            raise
        return [str(result.tool_output.content) for result in results]


@pytest.fixture(params=["functions", "coroutines", "coroutines, streamed"])
def agent(request: pytest.FixtureRequest, world: World) -> LlamaAgent:
    return LlamaAgent(world, request.param)


class TestLlamaIndex(AwaitedAgentCases):
    framework = "LlamaIndex"
    distribution = "llama-index-core"
