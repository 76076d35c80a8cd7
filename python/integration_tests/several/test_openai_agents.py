"""OpenAI Agents SDK."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage, WebSearchTool, function_tool
from agents.items import ToolCallOutputItem
from agents.mcp import MCPServer
from mcp import Client
from mcp.server import MCPServer as ServedTools
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from agent_cases import AwaitedAgentCases, Desk
from faramesh.integrations import govern
from world import DELETE, FIND, Call, World


class Scripted(Model):
    """A model that says what is written."""

    def __init__(self, turns: list[list[Call]]) -> None:
        self._turns = iter([*turns, []])
        self._calls = 0

    def _say(self) -> list[Any]:
        turn = next(self._turns)
        if not turn:
            text = ResponseOutputText(text="done", type="output_text", annotations=[])
            return [ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])]
        self._calls += 1
        return [
            ResponseFunctionToolCall(
                type="function_call",
                call_id=f"call-{self._calls}-{index}",
                id=f"f-{self._calls}-{index}",
                name=name,
                arguments=json.dumps(args),
            )
            for index, (name, args) in enumerate(turn)
        ]

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        return ModelResponse(output=self._say(), usage=Usage(), response_id=None)

    async def stream_response(self, *_: Any, **__: Any) -> Any:
        response = Response(
            id="r",
            created_at=0,
            model="scripted",
            object="response",
            output=self._say(),
            tool_choice="auto",
            tools=[],
            parallel_tool_calls=True,
        )
        yield ResponseCompletedEvent(type="response.completed", response=response, sequence_number=0)


class Shop(MCPServer):
    """An MCP server of the tools, within this process."""

    name = "shop"

    def __init__(self, world: World) -> None:
        super().__init__()
        self._served = ServedTools("shop")
        for function in world.functions():
            self._served.add_tool(function)

    async def connect(self) -> None:
        self._client = await Client(self._served).__aenter__()

    async def cleanup(self) -> None:
        await self._client.__aexit__(None, None, None)

    async def list_tools(self, *_: Any, **__: Any) -> Any:
        return (await self._client.list_tools()).tools

    async def call_tool(self, tool_name: str, arguments: Any, *_: Any, **__: Any) -> Any:
        return await self._client.call_tool(tool_name, arguments)

    async def list_prompts(self) -> Any:
        raise NotImplementedError

    async def get_prompt(self, name: str, arguments: Any = None) -> Any:
        raise NotImplementedError


class OpenAIAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        functions = world.functions(asynchronous="coroutine" in way)
        self.tools = [function_tool(one, strict_mode=False) for one in functions]

    def governed(self, **options: Any) -> dict[str, Any]:
        return {"ready": govern(self.tools, **options)}

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return asyncio.run(self.start(turns, **options))

    async def start(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        agent = Agent(name="support", model=Scripted(turns), tools=ready or self.governed(**options)["ready"])
        config = RunConfig(tracing_disabled=True)
        if "streamed" not in self.way:
            return told((await Runner.run(agent, "go", run_config=config)).new_items)
        running = Runner.run_streamed(agent, "go", run_config=config)
        async for _ in running.stream_events():
            pass
        return told(running.new_items)


def told(items: list[Any]) -> list[str]:
    return [str(item.output) for item in items if isinstance(item, ToolCallOutputItem)]


@pytest.fixture(params=["functions", "coroutines", "coroutines, streamed"])
def agent(request: pytest.FixtureRequest, world: World) -> OpenAIAgent:
    return OpenAIAgent(world, request.param)


class TestOpenAIAgents(AwaitedAgentCases):
    framework = "OpenAI Agents SDK"
    distribution = "openai-agents"

    def test_an_agent_as_a_tool_and_its_own_calls_are_decided_each(self, desk: Desk, world: World) -> None:
        tools = govern([function_tool(one, strict_mode=False) for one in world.functions()], agent_id=desk.agent_id)
        inner = Agent(name="inner", model=Scripted([[DELETE, FIND]]), tools=tools)
        delegate = inner.as_tool("delegate", "Does it.", run_config=RunConfig(tracing_disabled=True))
        model = Scripted([[("delegate", {"input": "clean up"})]])
        outer = Agent(name="outer", model=model, tools=[govern(delegate, agent_id=desk.agent_id)])
        ran = asyncio.run(Runner.run(outer, "go", run_config=RunConfig(tracing_disabled=True)))
        assert told(ran.new_items) == ["done"]
        assert [name for name, _ in world.ran] == ["find_orders"]
        assert sorted(one["tool"] for one in desk.actions()) == ["delegate", "delete_account", "find_orders"]

    def test_the_tools_of_an_mcp_server_are_governed_whether_it_is_connected_before_or_after(
        self, desk: Desk, world: World
    ) -> None:
        async def run() -> list[str]:
            server = govern(Shop(world), agent_id=desk.agent_id)
            await server.connect()
            try:
                agent = Agent(name="support", model=Scripted([[DELETE, FIND]]), mcp_servers=[server])
                return told((await Runner.run(agent, "go", run_config=RunConfig(tracing_disabled=True))).new_items)
            finally:
                await server.cleanup()

        answers = asyncio.run(run())
        assert ["never deleted" in answer for answer in answers] == [True, False]
        assert [name for name, _ in world.ran] == ["find_orders"]

    def test_a_tool_that_the_provider_runs_is_refused(self) -> None:
        with pytest.raises(TypeError, match="cannot be governed"):
            govern(WebSearchTool(), agent_id="support")

    @pytest.mark.parametrize("arguments", ["[1]", "{", '"text"', "null"])
    def test_arguments_that_are_no_object_run_nothing(self, arguments: str, desk: Desk, world: World) -> None:
        tool = govern(function_tool(world.functions()[3]), agent_id=desk.agent_id)
        assert "did not run" in asyncio.run(tool.on_invoke_tool(None, arguments))
        assert world.ran == []
        assert desk.actions() == []
