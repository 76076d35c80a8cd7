"""Where the gate is and with which key: the environment, read late, and what is never sent in clear."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

import faramesh
from conftest import KEY
from fake_gate import Answer, FakeGate, action
from faramesh import ClientConfig, Faramesh, FarameshConfigError, configure, list_actions
from faramesh._config import current_config


def test_without_any_setting_the_gate_is_on_this_machine() -> None:
    assert current_config() == ClientConfig(url="http://127.0.0.1:8000", api_key=None)


@pytest.mark.parametrize("url_name", ["FARAMESH_URL", "FARAMESH_BASE_URL"])
@pytest.mark.parametrize("key_name", ["FARAMESH_API_KEY", "FARAMESH_TOKEN"])
def test_the_environment_is_read_at_the_call_not_at_import(
    fake: FakeGate, monkeypatch: pytest.MonkeyPatch, url_name: str, key_name: str
) -> None:
    fake.on("GET", "/v1/actions", Answer([action()]))
    monkeypatch.setenv(url_name, fake.url)
    monkeypatch.setenv(key_name, KEY)
    assert [found["status"] for found in list_actions()] == ["allowed"]
    monkeypatch.setenv(key_name, "fm_other_key")
    list_actions()
    assert [request.headers["Authorization"] for request in fake.requests] == [f"Bearer {KEY}", "Bearer fm_other_key"]


def test_faramesh_url_and_api_key_come_before_their_older_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "URL": "http://127.0.0.1:1",
        "BASE_URL": "http://127.0.0.1:2",
        "API_KEY": "a",
        "TOKEN": "b",
    }.items():
        monkeypatch.setenv(f"FARAMESH_{name}", value)
    assert current_config() == ClientConfig(url="http://127.0.0.1:1", api_key="a")


def test_configure_comes_before_the_environment_adds_up_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARAMESH_URL", "http://127.0.0.1:1")
    configure(base_url="http://127.0.0.1:2", token="k")
    configure(timeout=3)
    assert current_config() == ClientConfig(url="http://127.0.0.1:2", api_key="k", timeout=3)
    with pytest.raises(FarameshConfigError, match="tiemout is not a setting"):
        configure(tiemout=4)
    assert current_config().timeout == 3
    configure(ClientConfig(url="http://127.0.0.1:3"))
    assert current_config() == ClientConfig(url="http://127.0.0.1:3")
    configure()
    assert current_config() == ClientConfig(url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "url",
    ["", "gate", "ftp://gate", "http://", "https://user:pw@gate", "https://gate?x=1", "https://gate#x", "http://[::1"],
)
def test_a_url_that_cannot_be_the_gates_is_refused(url: str) -> None:
    with pytest.raises(FarameshConfigError) as caught:
        ClientConfig(url=url)
    assert caught.value.code == "not_configured"
    assert "pw" not in str(caught.value)


def test_plain_http_to_another_host_is_refused_unless_the_user_accepts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://gate.example", "http://10.0.0.1:8000", "http://127.0.0.1.example", "http://localhost.example"):
        with pytest.raises(FarameshConfigError, match="https"):
            ClientConfig(url=url, api_key=KEY)
    for url in (
        "http://127.0.0.1",
        "http://127.8.8.8",
        "http://localhost:1",
        "http://[::1]:8000",
        "https://gate.example",
    ):
        assert ClientConfig(url=url + "/", api_key=KEY).url == url
    monkeypatch.setenv("FARAMESH_URL", "http://gate.example")
    monkeypatch.setenv("FARAMESH_ALLOW_INSECURE_HTTP", "1")
    assert current_config().url == "http://gate.example"
    assert ClientConfig(url="http://gate.example", allow_insecure_http=True).url == "http://gate.example"


def test_the_key_is_in_no_repr_and_no_error(fake: FakeGate) -> None:
    config = ClientConfig(url=fake.url, api_key=KEY, retries=0)
    with Faramesh(config) as client:
        shown = [repr(config), str(config), repr(client), repr(client.__dict__), repr(vars(client._transport._http))]
        with pytest.raises(faramesh.NotFoundError) as caught:
            client.get_action("a")
        shown += [str(caught.value), repr(caught.value), repr(caught.value.__dict__)]
    with Faramesh(config, url="http://127.0.0.1:9") as client, pytest.raises(faramesh.FarameshConnectionError) as gone:
        client.get_action("a")
    error: BaseException | None = gone.value
    while error is not None:
        shown += [str(error), repr(error), repr(error.__dict__)]
        error = error.__cause__
    assert all("secret" not in text for text in shown)
    with pytest.raises(FarameshConfigError) as malformed:
        ClientConfig(api_key="fm_secret\n")
    assert "secret" not in str(malformed.value)


@pytest.mark.parametrize("setting", [{"timeout": 0}, {"retries": -1}, {"backoff": -1}, {"timeout": float("nan")}])
def test_settings_without_sense_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(FarameshConfigError):
        ClientConfig(**setting)  # type: ignore[arg-type]


def test_a_client_takes_settings_before_its_configuration() -> None:
    with Faramesh(ClientConfig(api_key="k"), retries=0, url="https://gate.example/prefix/") as client:
        assert client.config == ClientConfig(url="https://gate.example/prefix", api_key="k", retries=0)


def test_only_one_file_reads_the_environment() -> None:
    sources = Path(faramesh.__file__).parent.glob("*.py")
    assert {
        path.name for path in sources if "environ" in path.read_text(encoding="utf-8").replace("environment", "")
    } == {"_config.py"}


def test_errors_survive_copying_and_pickling() -> None:
    held = faramesh.ApprovalRequired(action(approval_token="t"))
    conflict = faramesh.ConflictError("m", code="conflict", status=409, action_status="executing")
    for error in (held, conflict, faramesh.ActionDenied(action()), faramesh.ApprovalTimeout(action(), "late")):
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(twin) is type(error)
            assert (str(twin), twin.__dict__) == (str(error), error.__dict__)
