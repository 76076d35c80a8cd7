"""AutoGen AgentChat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ToolCallExecutionEvent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelFamily, RequestUsage
from autogen_core.tools import FunctionTool, StaticWorkbench
from autogen_ext.models.replay import ReplayChatCompletionClient

from agent_cases import AwaitedAgentCases
from faramesh.integrations import govern
from world import Call, World


def scripted(turns: list[list[Call]]) -> ReplayChatCompletionClient:
    ids = iter(range(1_000))
    said = [
        CreateResult(
            finish_reason="function_calls",
            content=[FunctionCall(f"call-{next(ids)}", json.dumps(args), name) for name, args in turn],
            usage=RequestUsage(0, 0),
            cached=False,
        )
        for turn in turns
    ]
    info = {
        "vision": False,
        "function_calling": True,
        "json_output": False,
        "family": ModelFamily.UNKNOWN,
        "structured_output": False,
    }
    return ReplayChatCompletionClient([*said, "done"], model_info=info)


class AutoGenAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        self.functions = world.functions(asynchronous="coroutine" in way)

    def governed(self, **options: Any) -> dict[str, Any]:
        if "function" in self.way:
            return {"ready": {"tools": govern(self.functions, **{"on_refusal": "tell", **options})}}
        tools = [FunctionTool(one, description=one.__doc__ or "") for one in self.functions]
        if "workbench" in self.way:
            return {"ready": {"workbench": govern(StaticWorkbench(tools), **options)}}
        return {"ready": {"tools": govern(tools, **options)}}

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return asyncio.run(self.start(turns, **options))

    async def start(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        chosen = ready or self.governed(**options)["ready"]
        agent = AssistantAgent("support", scripted(turns), max_tool_iterations=10, **chosen)
        return await told(agent.run_stream(task="go"))


async def told(stream: AsyncGenerator[Any, None]) -> list[str]:
    events = [event async for event in stream]
    return [one.content for event in events if isinstance(event, ToolCallExecutionEvent) for one in event.content]


@pytest.fixture(params=["tools", "tools, coroutines", "workbench", "functions, coroutines"])
def agent(request: pytest.FixtureRequest, world: World) -> AutoGenAgent:
    return AutoGenAgent(world, request.param)


class TestAutoGen(AwaitedAgentCases):
    framework = "AutoGen"
    distribution = "autogen-agentchat"
