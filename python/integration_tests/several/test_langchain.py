"""LangChain 1.x agents and LangGraph graphs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import StructuredTool

from agent_cases import AwaitedAgentCases
from faramesh.integrations import govern
from faramesh.integrations.langchain import FarameshMiddleware
from world import Call, World


class Scripted(FakeMessagesListChatModel):
    """A model that says what is written, whatever tools it is given."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def scripted(turns: list[list[Call]]) -> Scripted:
    ids = iter(range(1_000))
    said = [
        AIMessage("", tool_calls=[{"name": name, "args": args, "id": f"call-{next(ids)}"} for name, args in turn])
        for turn in turns
    ]
    return Scripted(responses=[*said, *[AIMessage("done")] * 9])


def native_tools(world: World, *, asynchronous: bool) -> list[StructuredTool]:
    as_argument = "coroutine" if asynchronous else "func"
    return [StructuredTool.from_function(**{as_argument: one}) for one in world.functions(asynchronous=asynchronous)]


class LangChainAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        self.tools = native_tools(world, asynchronous="async" in way)

    def governed(self, **options: Any) -> dict[str, Any]:
        if "middleware" in self.way:
            return {"ready": {"tools": self.tools, "middleware": [FarameshMiddleware(**options)]}}
        return {"ready": {"tools": govern(self.tools, **options)}}

    def _agent(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> Any:
        return create_agent(scripted(turns), **(ready or self.governed(**options)["ready"]))

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        if "async" in self.way:
            return asyncio.run(self.start(turns, **options))
        agent, asked = self._agent(turns, **options), {"messages": [("user", "go")]}
        if "streamed" in self.way:
            return told([m for chunk in agent.stream(asked, stream_mode="updates") for m in messages_of(chunk)])
        return told(agent.invoke(asked)["messages"])

    async def start(self, turns: list[list[Call]], **options: Any) -> list[str]:
        return told((await self._agent(turns, **options).ainvoke({"messages": [("user", "go")]}))["messages"])


def messages_of(chunk: Any) -> list[Any]:
    return [message for update in chunk.values() if update for message in update.get("messages", [])]


def told(messages: list[Any]) -> list[str]:
    return [str(message.content) for message in messages if isinstance(message, ToolMessage)]


@pytest.fixture(params=["middleware", "middleware, streamed", "middleware, async", "tools", "tools, async"])
def agent(request: pytest.FixtureRequest, world: World) -> LangChainAgent:
    return LangChainAgent(world, request.param)


class TestLangChain(AwaitedAgentCases):
    framework = "LangChain"
    distribution = "langchain"
