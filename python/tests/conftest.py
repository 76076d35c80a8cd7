"""What several test files share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

import faramesh
from fake_gate import FakeGate
from faramesh import AsyncFaramesh, ClientConfig, Faramesh
from guards import CALL, Guard
from postgres import Postgres
from real_gate import ROOT, RealGate

# Hypothesis keeps what it found beside pytest's own cache, wherever the tests are started from.
set_hypothesis_home_dir(ROOT / "python" / ".pytest_cache" / "hypothesis")

KEY = "fm_test_0123456789secret"


@pytest.fixture(autouse=True)
def _clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("URL", "BASE_URL", "API_KEY", "TOKEN", "ALLOW_INSECURE_HTTP"):
        monkeypatch.delenv(f"FARAMESH_{name}", raising=False)
    faramesh.configure()
    yield
    faramesh.configure()


@pytest.fixture
def fake() -> Iterator[FakeGate]:
    gate = FakeGate()
    yield gate
    gate.close()


@pytest.fixture
def config(fake: FakeGate) -> faramesh.ClientConfig:
    return faramesh.ClientConfig(url=fake.url, api_key=KEY, backoff=0.001, timeout=5, retries=2)


@pytest.fixture
def client(config: faramesh.ClientConfig) -> Iterator[faramesh.Faramesh]:
    with faramesh.Faramesh(config) as client:
        yield client


@pytest.fixture(params=["sync", "async", "async with a plain executor"])
def guard(request: pytest.FixtureRequest, config: ClientConfig) -> Guard:
    """`execute_if_allowed` of both clients, called alike."""

    def sync(**arguments: Any) -> Any:
        with Faramesh(config) as client:
            return client.execute_if_allowed(**{**CALL, "params": {"cmd": "ls -la"}, **arguments})

    def asynchronous(executor: Callable[[Any], Any], **arguments: Any) -> Any:
        async def awaited(params: Any) -> Any:
            await asyncio.sleep(0)
            return executor(params)

        async def run() -> Any:
            async with AsyncFaramesh(config) as client:
                chosen = awaited if request.param == "async" else executor
                fields = {**CALL, "params": {"cmd": "ls -la"}, **arguments}
                return await client.execute_if_allowed(**fields, executor=chosen)

        return asyncio.run(run())

    return sync if request.param == "sync" else asynchronous


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    cluster = Postgres()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def start_gate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[GateStarter]:
    """Starts gates that run until the module's tests are over."""
    starter = GateStarter(tmp_path_factory, postgres if request.param == "PostgreSQL" else None)
    yield starter
    starter.stop_all()


@pytest.fixture
def gates(start_gate: GateStarter) -> Iterator[GateStarter]:
    """Starts gates that run until the test is over."""
    starter = start_gate.for_one_test()
    yield starter
    starter.stop_all()


class GateStarter:
    """Starts real gates on one kind of store, and stops them all."""

    def __init__(self, paths: pytest.TempPathFactory, postgres: Postgres | None) -> None:
        self._paths = paths
        self._postgres = postgres
        self._started: list[RealGate] = []

    def __call__(self, policy: str) -> RealGate:
        database = self._postgres.new_database() if self._postgres else None
        gate = RealGate.start(self._paths.mktemp("gate"), policy, database)
        self._started.append(gate)
        return gate

    def for_one_test(self) -> GateStarter:
        return GateStarter(self._paths, self._postgres)

    def stop_all(self) -> None:
        for gate in self._started:
            gate.stop()
