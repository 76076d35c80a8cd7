"""A PostgreSQL of the tests' own."""

from __future__ import annotations

import subprocess

from real_gate import ROOT

_PROGRAM = ROOT / "scripts" / "postgres.mjs"


class Postgres:
    """One cluster, started by whoever first asks for a database, for as long as its standard input is open."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def new_database(self) -> str:
        """The URL of a database that is empty and nobody else's."""
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return _next_url(process)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.communicate()
        assert self._process.returncode == 0

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            ["node", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        _next_url(self._process)
        return self._process


def _next_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, "there is no PostgreSQL; what it lacks is on standard error"
    return url
