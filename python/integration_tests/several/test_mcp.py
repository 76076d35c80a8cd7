"""MCP: a real server and a real client of the Python SDK."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer

from agent_cases import AwaitedAgentCases
from faramesh.integrations import govern_mcp_tool
from faramesh.integrations._governance import Governance
from faramesh.integrations.mcp import govern_any
from world import Call, World


class McpAgent:
    """The loop that an MCP host has: each turn's calls go to the session at once."""

    def __init__(self, world: World, way: str) -> None:
        self.way = way
        self.functions = world.functions(asynchronous="coroutine" in way)

    def governed(self, **options: Any) -> dict[str, Any]:
        # A connection is governed when it is open: what outlasts one run is how the gate is asked.
        return {"ready": Governance(**options)}

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return asyncio.run(self.start(turns, **options))

    async def start(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        def governed(target: Any) -> Any:
            return govern_any(target, ready) if ready else govern_mcp_tool(target, **options)

        server = MCPServer("shop")
        for function in self.functions:
            server.add_tool(governed(function) if "server" in self.way else function)
        client: AbstractAsyncContextManager[Any] = Client(server)
        async with client as connected:
            target = connected if "client" in self.way else connected.session
            caller = target if "server" in self.way else governed(target)
            assert [tool.name for tool in (await caller.list_tools()).tools] == [f.__name__ for f in self.functions]
            told: list[str] = []
            for turn in turns:
                results = await asyncio.gather(*(caller.call_tool(name, args) for name, args in turn))
                told.extend(result.content[0].text for result in results)
            return told


@pytest.fixture(params=["session", "client", "server, coroutines"])
def agent(request: pytest.FixtureRequest, world: World) -> McpAgent:
    return McpAgent(world, request.param)


class TestMCP(AwaitedAgentCases):
    framework = "MCP"
    distribution = "mcp"
    failure = "the printer is on fire|Error executing tool break_down"

    @pytest.fixture(autouse=True)
    def _know_defaults(self, agent: McpAgent) -> None:
        # A client sends what the model wrote; defaults are the server's own.
        type(self).knows_defaults = "server" in agent.way
