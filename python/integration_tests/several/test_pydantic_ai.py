"""Pydantic AI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_ai import Agent, FunctionToolset, Tool
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from agent_cases import AwaitedAgentCases
from faramesh.integrations import govern
from world import Call, World


def scripted(turns: list[list[Call]]) -> FunctionModel:
    left = iter(turns)

    def say(_: list[ModelMessage], __: AgentInfo) -> ModelResponse:
        turn = next(left, None)
        if turn is None:
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart(name, args) for name, args in turn])

    async def stream(_: list[ModelMessage], __: AgentInfo) -> AsyncIterator[Any]:
        turn = next(left, None)
        if turn is None:
            yield "done"
        else:
            yield {index: DeltaToolCall(name, json.dumps(args)) for index, (name, args) in enumerate(turn)}

    return FunctionModel(say, stream_function=stream)


class PydanticAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        self.functions = world.functions(asynchronous="coroutine" in way)

    def governed(self, **options: Any) -> dict[str, Any]:
        if "toolset" in self.way:
            return {"ready": {"toolsets": [govern(FunctionToolset(self.functions), **options)]}}
        return {"ready": {"tools": govern([Tool(one) for one in self.functions], **options)}}

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return asyncio.run(self.start(turns, **options))

    async def start(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        agent = Agent(scripted(turns), **(ready or self.governed(**options)["ready"]))
        if "streamed" not in self.way:
            return told((await agent.run("go")).all_messages())
        async with agent.run_stream("go") as running:
            await running.get_output()
            return told(running.all_messages())


def told(messages: list[Any]) -> list[str]:
    return [str(part.content) for message in messages for part in message.parts if part.part_kind == "tool-return"]


@pytest.fixture(params=["tools", "tools, coroutines", "tools, streamed", "toolset", "toolset, coroutines"])
def agent(request: pytest.FixtureRequest, world: World) -> PydanticAgent:
    return PydanticAgent(world, request.param)


class TestPydanticAI(AwaitedAgentCases):
    framework = "Pydantic AI"
    distribution = "pydantic-ai-slim"
