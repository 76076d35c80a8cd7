"""LlamaIndex agents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import AsyncBaseTool, FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.workflow import Context

from agent_cases import AwaitedAgentCases, Desk
from faramesh.integrations import govern
from world import FIND, Call, World


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

    def test_a_tool_that_is_no_function_is_governed_in_every_way_it_is_called(self, desk: Desk, world: World) -> None:
        class Engine(AsyncBaseTool):
            metadata = ToolMetadata(name="delete_account", description="d")

            def call(self, input: Any = None, **more: Any) -> ToolOutput:  # noqa: A002
                world.ran.append(("delete_account", {"input": input, **more}))
                return ToolOutput(content="ran", tool_name="delete_account", raw_input={}, raw_output="ran")

            async def acall(self, input: Any = None, **more: Any) -> ToolOutput:  # noqa: A002
                return self.call(input, **more)

        refused = govern(Engine(), agent_id=desk.agent_id)
        for answer in (refused("ada"), refused.call(input="ada"), asyncio.run(refused.acall("ada"))):
            assert answer.is_error
            assert "never deleted" in answer.content
        assert world.ran == []
        let_through = govern(Engine(), agent_id=desk.agent_id, tool="find_orders")
        for answer in (
            let_through("ada"),
            let_through.call("ada", limit=1),
            asyncio.run(let_through.acall(input="ada")),
        ):
            assert answer.content == "ran"
        assert [args for _, args in world.ran] == [{"input": "ada"}, {"input": "ada", "limit": 1}, {"input": "ada"}]
        assert [one["params"] for one in desk.actions()[3:]] == [args for _, args in world.ran]

    def test_the_context_of_a_workflow_is_no_param(self, desk: Desk) -> None:
        async def find_orders(ctx: Context, customer: str) -> str:
            return f"{customer} {type(ctx).__name__}"

        find_orders.__annotations__["ctx"] = Context  # LlamaIndex does not read annotations that are texts
        tools = govern([FunctionTool.from_defaults(async_fn=find_orders)], agent_id=desk.agent_id)
        agent = FunctionAgent(tools=tools, llm=scripted([[FIND]]), streaming=False)

        async def run() -> str:
            running = agent.run(user_msg="go")
            [result] = [event async for event in running.stream_events() if isinstance(event, ToolCallResult)]
            await running
            return str(result.tool_output.content)

        assert asyncio.run(run()) == "ada Context"
        assert desk.actions()[0]["params"] == {"customer": "ada"}
