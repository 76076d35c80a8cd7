"""A real gate in a process of its own, on a fresh data directory or a fresh database."""

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
_SECRET = "a-secret-of-the-tests-0123456789abcdef"
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
    def start(cls, directory: Path, policy: str, database: str | None = None) -> RealGate:
        """Starts one that keeps what it keeps in the directory, or in the database of this URL."""
        (directory / "policy.yaml").write_text(policy, encoding="utf-8")
        process = subprocess.Popen(
            ["node", str(CLI), "serve", *_options(directory, database)],
            env=_environment(database),
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


def _options(directory: Path, database: str | None) -> list[str]:
    options = ["--policy", str(directory / "policy.yaml"), "--host", "127.0.0.1", "--port", "0"]
    return options if database else [*options, "--data", str(directory / "data")]


def _environment(database: str | None) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FARAMESH_")}
    shared = {"FARAMESH_STORE": database, "FARAMESH_SECRET": _SECRET} if database else {}
    return {**plain, "FARAMESH_TOKEN": ADMIN_KEY, **shared}


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
