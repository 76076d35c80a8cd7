"""AutoGen's classic agents (0.2), which take a map of functions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from autogen import ConversableAgent

from agent_cases import AgentCases
from faramesh.integrations import govern, govern_autogen_function
from world import Call, World


class ClassicAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        self.functions = {function.__name__: function for function in world.functions()}

    def governed(self, **options: Any) -> dict[str, Any]:
        if "govern" in self.way:
            return {"ready": govern(self.functions, **{"on_refusal": "tell", **options})}
        return {"ready": govern_autogen_function(self.functions, **options)}

    def run(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        told: list[str] = []
        left = iter(turns)

        def say(_: Any, messages: Any, __: Any, ___: Any) -> tuple[bool, Any]:
            told.extend(answer["content"] for answer in messages[-1].get("tool_responses", []))
            turn = next(left, None)
            if turn is None:
                return True, "TERMINATE"
            calls = [
                {"id": f"c{index}", "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}
                for index, (name, args) in enumerate(turn)
            ]
            return True, {"role": "assistant", "content": None, "tool_calls": calls}

        model = ConversableAgent("model", llm_config=False, human_input_mode="NEVER")
        model.register_reply(
            [ConversableAgent], lambda agent, messages, sender, config: say(agent, messages, sender, config)
        )
        desk = ConversableAgent(
            "desk",
            llm_config=False,
            human_input_mode="NEVER",
            is_termination_msg=lambda message: message.get("content") == "TERMINATE",
        )
        desk.register_function(ready or self.governed(**options)["ready"])
        desk.initiate_chat(model, message="go", max_turns=9, silent=True)
        return told


@pytest.fixture(params=["govern", "govern_autogen_function"])
def agent(request: pytest.FixtureRequest, world: World) -> ClassicAgent:
    return ClassicAgent(world, request.param if request.param == "govern" else "by name")


class TestClassicAutoGen(AgentCases):
    framework = "AutoGen (classic)"
    distribution = "autogen-agentchat"
