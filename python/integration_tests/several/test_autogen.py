"""AutoGen AgentChat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ToolCallExecutionEvent
from autogen_agentchat.tools import AgentTool
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelFamily, RequestUsage
from autogen_core.tools import FunctionTool, StaticWorkbench, TextResultContent, ToolResult, Workbench
from autogen_ext.models.replay import ReplayChatCompletionClient
from pydantic import BaseModel

from agent_cases import AwaitedAgentCases, Desk
from faramesh.integrations import govern, govern_autogen_function
from world import BREAK, DELETE, FIND, Call, World


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

    def test_a_sub_agent_streams_while_its_calls_and_its_own_call_are_decided_each(
        self, desk: Desk, world: World
    ) -> None:
        tools = [FunctionTool(one, description=one.__doc__ or "") for one in world.functions()]
        inner = AssistantAgent(
            "delegate",
            scripted([[DELETE, FIND]]),
            description="Does it.",
            tools=govern(tools, agent_id=desk.agent_id),
        )
        delegate = govern(AgentTool(inner), agent_id=desk.agent_id)
        model = scripted([[("delegate", {"task": "clean up"})]])
        outer = AssistantAgent("support", model, tools=[delegate])

        async def run() -> list[Any]:
            return [event async for event in outer.run_stream(task="go")]

        events = asyncio.run(run())
        told = [one for event in events if isinstance(event, ToolCallExecutionEvent) for one in event.content]
        assert [event.source for event in events if isinstance(event, ToolCallExecutionEvent)] == [
            "delegate",
            "support",
        ]
        assert "never deleted" in told[0].content
        assert [name for name, _ in world.ran] == ["find_orders"]
        assert sorted(one["tool"] for one in desk.actions()) == ["delegate", "delete_account", "find_orders"]

    def test_a_sub_agent_that_is_denied_does_not_begin(self, desk: Desk, world: World) -> None:
        inner = AssistantAgent("delete_account", scripted([[FIND]]), tools=world.functions(), description="d")
        outer = AssistantAgent(
            "support",
            scripted([[("delete_account", {"task": "go"})]]),
            tools=[govern(AgentTool(inner), agent_id=desk.agent_id)],
        )
        assert "never deleted" in asyncio.run(told(outer.run_stream(task="go")))[0]
        assert world.ran == []

    def test_a_workbench_that_is_not_a_list_of_tools_is_governed_call_by_call(self, desk: Desk, world: World) -> None:
        class Remote(Workbench):
            component_config_schema = BaseModel

            async def list_tools(self) -> Any:
                return []

            async def call_tool(self, name: str, arguments: Any = None, *_: Any, **__: Any) -> ToolResult:
                world.ran.append((name, arguments))
                return ToolResult(name=name, result=[TextResultContent(content=name)], is_error=name == "break_down")

            async def start(self) -> None: ...
            async def stop(self) -> None: ...
            async def reset(self) -> None: ...
            async def save_state(self) -> Any: ...
            async def load_state(self, state: Any) -> None: ...
            def _to_config(self) -> Any: ...

        workbench = govern_autogen_function(Remote(), agent_id=desk.agent_id)

        async def run() -> list[Any]:
            return [await workbench.call_tool(name, dict(args)) for name, args in (FIND, DELETE, BREAK)]

        assert [result.is_error for result in asyncio.run(run())] == [False, True, True]
        assert world.ran == [FIND, BREAK]
        assert [one["status"] for one in desk.actions()] == ["succeeded", "denied", "failed"]
