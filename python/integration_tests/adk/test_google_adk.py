"""Google ADK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from google.adk.agents import Agent, RunConfig
from google.adk.agents.run_config import StreamingMode
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.adk.runners import InMemoryRunner
from google.adk.tools import FunctionTool, google_search
from google.adk.tools.agent_tool import AgentTool
from google.adk.tools.base_toolset import BaseToolset
from google.genai import types
from pydantic import Field

from agent_cases import AwaitedAgentCases, Desk
from faramesh.integrations import govern
from world import DELETE, FIND, Call, World


class Scripted(BaseLlm):
    """A model that says what is written."""

    model: str = "scripted"
    turns: list[Any] = Field(default_factory=list)
    count: int = 0

    async def generate_content_async(self, llm_request: Any, stream: bool = False) -> AsyncGenerator[Any, None]:
        turn = self.turns[self.count] if self.count < len(self.turns) else None
        self.count += 1
        parts = [types.Part(text="done")]
        if turn is not None:
            parts = [types.Part(function_call=types.FunctionCall(name=name, args=args)) for name, args in turn]
        yield LlmResponse(content=types.Content(role="model", parts=parts))


class Tools(BaseToolset):
    """A toolset."""

    def __init__(self, tools: list[Any]) -> None:
        super().__init__()
        self._tools = tools

    async def get_tools(self, readonly_context: Any = None) -> list[Any]:
        return self._tools

    async def close(self) -> None:
        """Nothing to close."""


class AdkAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        self.functions = world.functions(asynchronous="coroutine" in way)

    def governed(self, **options: Any) -> dict[str, Any]:
        if "plain" in self.way:
            return {"ready": govern(self.functions, **{"on_refusal": "tell", **options})}
        tools = [FunctionTool(one) for one in self.functions]
        return {"ready": [govern(Tools(tools), **options)] if "toolset" in self.way else govern(tools, **options)}

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return asyncio.run(self.start(turns, **options))

    async def start(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        tools = ready or self.governed(**options)["ready"]
        return await self.start_with(tools, turns)

    async def start_with(self, tools: list[Any], turns: list[list[Call]]) -> list[str]:
        agent = Agent(name="support", model=Scripted(turns=turns), tools=tools)
        runner = InMemoryRunner(agent, app_name="tests")
        session = await runner.session_service.create_session(app_name="tests", user_id="u")
        asked = types.Content(role="user", parts=[types.Part(text="go")])
        mode = StreamingMode.SSE if "streamed" in self.way else StreamingMode.NONE
        told: list[str] = []
        async for event in runner.run_async(
            user_id="u", session_id=session.id, new_message=asked, run_config=RunConfig(streaming_mode=mode)
        ):
            told.extend(str(answer.response) for answer in event.get_function_responses())
        return told


@pytest.fixture(params=["tools", "tools, coroutines", "tools, coroutines, streamed", "toolset", "plain coroutines"])
def agent(request: pytest.FixtureRequest, world: World) -> AdkAgent:
    return AdkAgent(world, request.param)


class TestGoogleADK(AwaitedAgentCases):
    framework = "Google ADK"
    distribution = "google-adk"

    def test_an_agent_as_a_tool_and_its_own_calls_are_decided_each(
        self, agent: AdkAgent, desk: Desk, world: World
    ) -> None:
        tools = govern([FunctionTool(one) for one in world.functions()], agent_id=desk.agent_id)
        inner = Agent(name="delegate", model=Scripted(turns=[[DELETE, FIND]]), tools=tools, description="Does it.")
        delegate = govern(AgentTool(inner), agent_id=desk.agent_id)
        [told] = asyncio.run(agent.start_with([delegate], [[("delegate", {"request": "clean up"})]]))
        assert "done" in told
        assert [name for name, _ in world.ran] == ["find_orders"]
        assert sorted(one["tool"] for one in desk.actions()) == ["delegate", "delete_account", "find_orders"]

    def test_an_agent_as_a_tool_that_is_denied_does_not_begin(self, agent: AdkAgent, desk: Desk, world: World) -> None:
        inner = Agent(name="delete_account", model=Scripted(turns=[[FIND]]), tools=world.functions(), description="d")
        tools = [govern(AgentTool(inner), agent_id=desk.agent_id)]
        [told] = asyncio.run(agent.start_with(tools, [[("delete_account", {"request": "go"})]]))
        assert "never deleted" in told
        assert world.ran == []

    def test_a_tool_that_the_provider_runs_is_refused(self) -> None:
        with pytest.raises(TypeError, match="cannot be governed"):
            govern(google_search, agent_id="support")
