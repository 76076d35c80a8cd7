"""The examples in examples/python-agents, run as a reader runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from real_gate import ROOT, RealGate

EXAMPLES = ROOT / "examples" / "python-agents"


@pytest.fixture(scope="module")
def examples_gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGate]:
    gate = RealGate.start(tmp_path_factory.mktemp("gate"), (EXAMPLES / "policy.yaml").read_text(encoding="utf-8"))
    yield gate
    gate.stop()


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_the_example_does_what_it_says(example: str, examples_gate: RealGate) -> None:
    paths = {"PYTHONPATH": str(ROOT / "python"), "FARAMESH_URL": examples_gate.url}
    env = {**os.environ, **paths, "FARAMESH_API_KEY": examples_gate.key("developer")}
    subprocess.run([sys.executable, str(EXAMPLES / example)], env=env, check=True, timeout=60)
