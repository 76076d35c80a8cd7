"""CrewAI."""

from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from crewai import Agent, Crew, Task
from crewai.llms.base_llm import BaseLLM
from crewai.tools import BaseTool, tool
from pydantic import Field

from agent_cases import AgentCases
from faramesh.integrations import govern
from world import Call, World


class Scripted(BaseLLM):
    """A model that says what is written, in function calls or in the text that CrewAI reads calls from."""

    model: str = "scripted"
    turns: list[Any] = Field(default_factory=list)
    native: bool = True
    heard: list[Any] = Field(default_factory=list)
    count: int = 0

    def supports_function_calling(self) -> bool:
        return self.native

    def call(self, messages: Any, tools: Any = None, *_: Any, **__: Any) -> Any:
        self.heard[:] = messages
        turn = self.turns[self.count] if self.count < len(self.turns) else None
        self.count += 1
        if turn is None:
            return "Thought: I now know the final answer\nFinal Answer: done"
        if not self.native:
            [(name, args)] = turn
            return f"Thought: go\nAction: {name}\nAction Input: {json.dumps(args)}\n"
        return [
            {
                "id": f"call-{self.count}-{index}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(args)},
            }
            for index, (name, args) in enumerate(turn)
        ]

    async def acall(self, messages: Any, tools: Any = None, *_: Any, **__: Any) -> Any:
        return self.call(messages, tools)


def as_class(function: Any) -> BaseTool:
    """The same tool, written as a class."""

    class Written(BaseTool):
        name: str = function.__name__
        description: str = function.__doc__

    def _run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [own, *inspect.signature(function).parameters.values()]
    _run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    Written._run = _run
    Written.__abstractmethods__ = frozenset()
    return Written(args_schema=tool(function).args_schema)


class CrewAgent:
    def __init__(self, world: World, way: str) -> None:
        self.way = way
        made: Any = as_class if "classes" in way else tool
        self.tools = [made(one) for one in world.functions()]

    def governed(self, **options: Any) -> dict[str, Any]:
        return {"ready": govern(self.tools, **options)}

    def run(self, turns: list[list[Call]], ready: Any = None, **options: Any) -> list[str]:
        tools = ready or self.governed(**options)["ready"]
        if "text" in self.way:
            turns = [[call] for turn in turns for call in turn]
        model = Scripted(model="scripted", turns=turns, native="text" not in self.way, heard=[])
        agent = Agent(role="support", goal="help", backstory="b", llm=model, tools=tools, allow_delegation=False)
        crew = Crew(agents=[agent], tasks=[Task(description="go", expected_output="done", agent=agent)])
        if "async" in self.way:
            asyncio.run(crew.kickoff_async())
        else:
            crew.kickoff()
        return told(model.heard, "text" in self.way)


def told(messages: list[Any], in_text: bool) -> list[str]:
    if not in_text:
        return [str(message["content"]) for message in messages if message["role"] == "tool"]
    said = [str(message["content"]) for message in messages if message["role"] == "assistant"]
    return [text.split("\nObservation:")[1] for text in said if "\nObservation:" in text]


@pytest.fixture(params=["functions", "functions, in text", "functions, async", "classes"])
def agent(request: pytest.FixtureRequest, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CrewAgent:
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path))
    return CrewAgent(world, request.param)


class TestCrewAI(AgentCases):
    framework = "CrewAI"
    distribution = "crewai"
