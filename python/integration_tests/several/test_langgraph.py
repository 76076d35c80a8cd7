"""LangGraph: people answer while a graph is interrupted; graphs within graphs; what LangChain injects."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain.tools import ToolRuntime
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool, Tool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from test_langchain import messages_of, native_tools, scripted, told

from agent_cases import Desk
from faramesh import FarameshConfigError
from faramesh.integrations import govern, govern_langchain_tool
from faramesh.integrations.langchain import FarameshMiddleware, resume_actions
from world import DELETE, FIND, FOUND, REFUND, REFUNDED, World

GO = {"messages": [("user", "go")]}


def config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


class Suite:
    framework = "LangGraph"
    distribution = "langgraph"


class TestInterrupts(Suite):
    def make(self, world: World, desk: Desk, turns: Any, *, asynchronous: bool = False) -> Any:
        return create_agent(
            scripted(turns),
            native_tools(world, asynchronous=asynchronous),
            middleware=[FarameshMiddleware(desk.agent_id, interrupts=True)],
            checkpointer=InMemorySaver(),
        )

    def test_a_held_call_interrupts_the_graph_naming_the_action_and_goes_on_by_its_id(
        self, world: World, desk: Desk
    ) -> None:
        graph = self.make(world, desk, [[FIND, REFUND]])
        paused = graph.invoke(GO, config("1"))
        [interrupt] = paused["__interrupt__"]
        action = desk.held()
        assert interrupt.value["action_id"] == action["id"]
        assert (interrupt.value["tool"], interrupt.value["params"]) == ("refund", REFUND[1])
        assert "token" not in str(interrupt.value)
        desk.admin.approve_action(action["id"])
        elsewhere = self.make(world, desk, [])
        elsewhere.checkpointer = graph.checkpointer
        done = elsewhere.invoke(resume_actions(paused["__interrupt__"], action["id"]), config("1"))
        assert REFUNDED in told(done["messages"])
        assert [name for name, _ in world.ran] == ["find_orders", "refund"]
        assert [one["status"] for one in desk.actions()] == ["succeeded", "succeeded"]

    def test_trap_resuming_approves_nothing(self, world: World, desk: Desk) -> None:
        graph = self.make(world, desk, [[REFUND]])
        paused = graph.invoke(GO, config("1"))
        for _ in range(2):
            paused = graph.invoke(resume_actions(paused["__interrupt__"]), config("1"))
            assert [one.value["action_id"] for one in paused["__interrupt__"]] == [desk.held()["id"]]
        assert world.ran == []
        assert len(desk.actions()) == 1

    def test_a_rejected_call_does_not_run_and_the_model_is_told(self, world: World, desk: Desk) -> None:
        graph = self.make(world, desk, [[REFUND]])
        paused = graph.invoke(GO, config("1"))
        desk.admin.reject_action(desk.held()["id"], reason="not this one")
        done = graph.invoke(resume_actions(paused["__interrupt__"]), config("1"))
        assert world.ran == []
        assert "not this one" in told(done["messages"])[0]

    def test_trap_an_approval_counts_for_its_own_action_alone(self, world: World, desk: Desk) -> None:
        other = ("refund", {"order": "18", "amount": 9_000})
        graph = self.make(world, desk, [[REFUND, other]])
        paused = graph.invoke(GO, config("1"))
        actions = {one.value["params"]["order"]: one.value["action_id"] for one in paused["__interrupt__"]}
        desk.admin.approve_action(actions["17"])
        paused = graph.invoke(resume_actions(paused["__interrupt__"], *actions.values()), config("1"))
        assert world.ran == [REFUND]
        assert [one.value["action_id"] for one in paused["__interrupt__"]] == [actions["18"]]

    def test_a_graph_that_goes_back_to_before_a_call_asks_anew(self, world: World, desk: Desk) -> None:
        graph = self.make(world, desk, [[REFUND]])
        paused = graph.invoke(GO, config("1"))
        before = graph.get_state(config("1")).config
        desk.admin.approve_action(desk.held()["id"])
        graph.invoke(resume_actions(paused["__interrupt__"]), config("1"))
        again = graph.invoke(None, before)
        assert [one.value["action_id"] for one in again["__interrupt__"]] == [desk.held()["id"]]
        assert world.ran == [REFUND]

    def test_trap_a_call_whose_outcome_was_lost_with_a_crash_does_not_run_again(self, world: World, desk: Desk) -> None:
        class Crashing(InMemorySaver):
            crashes = False

            def put_writes(self, config: Any, writes: Any, *args: Any, **kwargs: Any) -> None:
                if self.crashes and any(channel == "messages" for channel, _ in writes):
                    raise OSError("the disk is gone")
                super().put_writes(config, writes, *args, **kwargs)

            def put(self, *args: Any, **kwargs: Any) -> Any:
                if self.crashes:
                    raise OSError("the disk is gone")
                return super().put(*args, **kwargs)

        graph, saver = self.make(world, desk, [[REFUND]]), Crashing()
        graph.checkpointer = saver
        paused = graph.invoke(GO, config("1"))
        desk.admin.approve_action(desk.held()["id"])
        saver.crashes = True
        with pytest.raises(OSError, match="the disk is gone"):
            graph.invoke(resume_actions(paused["__interrupt__"]), config("1"))
        assert world.ran == [REFUND]
        saver.crashes = False
        done = graph.invoke(resume_actions(paused["__interrupt__"]), config("1"))
        assert "did not run again" in told(done["messages"])[0]
        assert world.ran == [REFUND]

    def test_coroutines_and_streams_are_interrupted_alike(self, world: World, desk: Desk) -> None:
        graph = self.make(world, desk, [[REFUND]], asynchronous=True)

        async def run() -> list[str]:
            [*_, paused] = [chunk async for chunk in graph.astream(GO, config("1"), stream_mode="updates")]
            desk.admin.approve_action(desk.held()["id"])
            resume = resume_actions(paused["__interrupt__"])
            chunks = [chunk async for chunk in graph.astream(resume, config("1"), stream_mode="updates")]
            return told([message for chunk in chunks for message in messages_of(chunk)])

        assert asyncio.run(run()) == [REFUNDED]
        assert world.ran == [REFUND]

    def test_what_the_graph_does_not_wait_for_cannot_be_resumed(self, world: World, desk: Desk) -> None:
        graph = self.make(world, desk, [[REFUND]])
        paused = graph.invoke(GO, config("1"))
        with pytest.raises(FarameshConfigError, match="does not wait for action another"):
            resume_actions(paused["__interrupt__"], "another")
        with pytest.raises(FarameshConfigError):
            resume_actions([])


class TestGraphs(Suite):
    def test_a_tool_node_of_a_graph_of_one_s_own_runs_governed_tools(self, world: World, desk: Desk) -> None:
        model = scripted([[FIND, DELETE]])
        tools = govern(native_tools(world, asynchronous=False), agent_id=desk.agent_id)
        graph = StateGraph(MessagesState)
        graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
        graph.add_node("tools", ToolNode(tools))
        graph.add_edge(START, "model")
        graph.add_edge("model", "tools")
        done = graph.compile().invoke(GO)
        assert ["never deleted" in text for text in told(done["messages"])] == [False, True]
        assert [name for name, _ in world.ran] == ["find_orders"]

    def test_a_sub_agent_s_calls_and_the_call_of_the_sub_agent_are_decided_each(self, world: World, desk: Desk) -> None:
        middleware = FarameshMiddleware(desk.agent_id)
        inner = create_agent(
            scripted([[DELETE, FIND]]), native_tools(world, asynchronous=False), middleware=[middleware]
        )

        @tool
        def delegate(task: str) -> str:
            """Let another agent do it."""
            return " / ".join(told(inner.invoke({"messages": [("user", task)]})["messages"]))

        outer = create_agent(scripted([[("delegate", {"task": "clean up"})]]), [delegate], middleware=[middleware])
        [answer] = told(outer.invoke(GO)["messages"])
        assert "never deleted" in answer
        assert [name for name, _ in world.ran] == ["find_orders"]
        assert sorted(one["tool"] for one in desk.actions()) == ["delegate", "delete_account", "find_orders"]

    def test_a_tool_that_only_inner_middleware_knows_is_decided_too(self, world: World, desk: Desk) -> None:
        hidden = native_tools(world, asynchronous=False)

        class Adds(AgentMiddleware):
            def wrap_tool_call(self, request: Any, handler: Any) -> Any:
                named = next(one for one in hidden if one.name == request.tool_call["name"])
                return handler(request.override(tool=named))

        @tool
        def known() -> str:
            """A tool that the agent was made with."""
            return "known"

        middleware = [FarameshMiddleware(desk.agent_id), Adds()]
        done = create_agent(scripted([[DELETE, FIND]]), [known], middleware=middleware).invoke(GO)
        assert ["never deleted" in text for text in told(done["messages"])] == [True, False]
        assert [name for name, _ in world.ran] == ["find_orders"]


class TestTools(Suite):
    def test_what_langchain_injects_is_no_param_and_reaches_the_tool(self, desk: Desk) -> None:
        @tool
        def find_orders(customer: str, runtime: ToolRuntime, config: RunnableConfig) -> str:
            """Find the orders of a customer."""
            return f"{customer} {runtime.tool_call_id} {config['configurable']['thread_id']}"

        middleware = [FarameshMiddleware(desk.agent_id)]
        done = create_agent(scripted([[FIND]]), [find_orders], middleware=middleware).invoke(GO, config("t"))
        assert told(done["messages"]) == ["ada call-0 t"]
        assert desk.actions()[0]["params"] == {"customer": "ada"}

    def test_trap_a_param_that_is_named_like_something_injected_is_decided_on(self, desk: Desk) -> None:
        schema = {"type": "object", "properties": {"callbacks": {"type": "string"}}}
        made = StructuredTool.from_function(
            lambda **params: str(params), name="find_orders", description="d", args_schema=schema
        )
        govern(made, agent_id=desk.agent_id).invoke({"callbacks": "rm -rf"})
        assert desk.actions()[0]["params"] == {"callbacks": "rm -rf"}

    def test_a_tool_that_is_a_class_is_governed_in_both_ways_and_keeps_its_class(
        self, desk: Desk, world: World
    ) -> None:
        class Finder(BaseTool):
            name: str = "find_orders"
            description: str = "Find orders."
            response_format: Any = "content_and_artifact"

            def _run(self, customer: str, secret: Annotated[str, InjectedToolArg] = "s") -> Any:
                world.ran.append(("find_orders", {"customer": customer}))
                return customer, [secret]

        governed = govern_langchain_tool(Finder(), agent_id=desk.agent_id)
        assert isinstance(governed, Finder)
        call = {"name": "find_orders", "args": {"customer": "ada"}, "id": "c", "type": "tool_call"}
        for answer in (governed.invoke(call), asyncio.run(governed.ainvoke(call))):
            assert (answer.content, answer.artifact) == ("ada", ["s"])
        refused = govern_langchain_tool(Finder(), agent_id=desk.agent_id, tool="delete_account").invoke(call)
        assert refused.status == "error"
        assert "never deleted" in refused.content
        assert len(world.ran) == 2

    def test_a_copy_of_a_governed_tool_is_governed(self, desk: Desk, world: World) -> None:
        governed = govern(native_tools(world, asynchronous=False)[2], agent_id=desk.agent_id)
        for copied in (governed.model_copy(), governed.model_copy(deep=True)):
            assert "never deleted" in copied.invoke({"account": "ada"})
        assert world.ran == []

    def test_trap_the_function_of_a_governed_tool_is_no_way_around(self, desk: Desk, world: World) -> None:
        [find, _, delete, _] = govern(native_tools(world, asynchronous=False), agent_id=desk.agent_id)
        assert "never deleted" in delete.func(account="ada")
        assert find.func(customer="ada") == FOUND
        [_, _, delete, _] = govern(native_tools(world, asynchronous=True), agent_id=desk.agent_id)
        assert "never deleted" in asyncio.run(delete.coroutine(account="ada"))
        text = govern(Tool("delete_account", lambda name: pytest.fail("it ran"), "Delete."), agent_id=desk.agent_id)
        assert "never deleted" in text.func("ada")
        assert [name for name, _ in world.ran] == ["find_orders"]
        assert desk.actions()[-1]["params"] == {"name": "ada"}

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_a_tool_of_one_text_is_decided_on_that_text(self, way: str, desk: Desk) -> None:
        governed = govern(Tool("find_orders", lambda text: f"orders of {text}", "Find."), agent_id=desk.agent_id)
        answer = governed.invoke("ada") if way == "invoke" else asyncio.run(governed.ainvoke("ada"))
        assert answer == "orders of ada"
        assert list(desk.actions()[0]["params"].values()) == ["ada"]
