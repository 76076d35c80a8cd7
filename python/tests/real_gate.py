"""A real gate in a process of its own, on a fresh data directory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "packages" / "cli" / "dist" / "main.js"
ADMIN_KEY = "fm_admin_0123456789abcdef0123456789abcdef"
_START_SECONDS = 30
_STOP_SECONDS = 10


class RealGate:
    """One running gate."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url
        # A pipe nobody reads would fill up and stop the gate.
        self._drain = threading.Thread(target=self._read_on, daemon=True)
        self._drain.start()

    @classmethod
    def start(cls, directory: Path, policy: str) -> RealGate:
        (directory / "policy.yaml").write_text(policy, encoding="utf-8")
        process = subprocess.Popen(
            ["node", str(CLI), "serve", *_options(directory)],
            env={**os.environ, "FARAMESH_TOKEN": ADMIN_KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        timer = threading.Timer(_START_SECONDS, process.kill)
        timer.start()
        try:
            return cls(process, _announced_url(process))
        finally:
            timer.cancel()

    def key(self, role: str, agents: list[str] | None = None, name: str | None = None) -> str:
        """A new key of the role."""
        body: dict[str, Any] = {"name": name or f"{role} for tests", "role": role}
        if agents is not None:
            body["agents"] = agents
        answer = httpx.post(f"{self.url}/v1/api-keys", json=body, headers={"Authorization": f"Bearer {ADMIN_KEY}"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    def stop(self) -> None:
        """Stops it as an operator would; it has to be gone within its 5 seconds."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._drain.join()
            assert self._process.stdout is not None
            self._process.stdout.close()

    def _read_on(self) -> None:
        assert self._process.stdout is not None
        for _ in self._process.stdout:
            pass


def _options(directory: Path) -> list[str]:
    places = ["--data", str(directory / "data"), "--policy", str(directory / "policy.yaml")]
    return [*places, "--host", "127.0.0.1", "--port", "0"]


def _announced_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        found = re.search(r"listening on (http://\S+)", line)
        if found:
            return found[1]
    process.stdout.close()
    raise AssertionError(f"the gate did not start; it said:\n{said}")
