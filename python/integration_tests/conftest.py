"""One gate for all tests, and the record of what was covered."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_cases import desk
from faramesh import configure
from real_gate import RealGate
from world import POLICY, World

__all__ = ["desk"]

_covered: dict[tuple[str, str], list[dict[str, str]]] = {}

# Nothing of the frameworks' own is to leave this machine: read when they are imported, so set before.
os.environ.update(
    {
        "ANONYMIZED_TELEMETRY": "false",
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_DISABLE_TRACKING": "true",
        "CREWAI_DISABLE_VERSION_CHECK": "true",
        "CREWAI_TESTING": "true",
        "CREWAI_TRACING_ENABLED": "false",
        "LANGSMITH_TRACING": "false",
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
        "OTEL_SDK_DISABLED": "true",
    }
)


def _stay_here(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in ("127.0.0.1", "::1"):
        raise OSError(f"a test would have connected to {args[1][0]}")
    if event == "socket.getaddrinfo" and args[0] not in (None, "", "localhost", "127.0.0.1", "::1"):
        raise OSError(f"a test would have looked for {args[0]}")


sys.addaudithook(_stay_here)


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGate]:
    gate = RealGate.start(tmp_path_factory.mktemp("gate"), POLICY)
    yield gate
    gate.stop()


@pytest.fixture(autouse=True)
def _clean_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FARAMESH_")]:
        monkeypatch.delenv(name)
    configure()


@pytest.fixture
def world() -> World:
    return World()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Notes, for each framework, what was tested and how it went."""
    outcome: Any = yield
    report = outcome.get_result()
    suite: Any = getattr(item, "cls", None)
    if report.when == "call" and hasattr(suite, "framework"):
        case = {"case": item.name, "of": suite.__name__, "outcome": report.outcome}
        _covered.setdefault((suite.framework, suite.distribution), []).append(case)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes it to the file that ``--covered`` names, for the table of compatibility."""
    target = session.config.getoption("--covered")
    if target is None:
        return
    rows = [
        {"framework": framework, "package": package, "version": importlib.metadata.version(package), "cases": cases}
        for (framework, package), cases in sorted(_covered.items())
    ]
    Path(target).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--covered FILE``: where to write what was covered."""
    parser.addoption("--covered", help="a JSON file to write, of the frameworks, versions and cases tested")
