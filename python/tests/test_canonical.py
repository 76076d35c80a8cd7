"""The canonical text: one text and one hash for a value, in every language."""

from __future__ import annotations

import decimal
import enum
import json
import math
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faramesh import CanonicalJsonError, InvalidActionError, canonical_json, compute_request_hash
from real_gate import ROOT

PROTOCOL = ROOT / "packages" / "protocol" / "dist" / "index.js"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (-0.0, "0"),
        (1.0, "1"),
        (100.0, "100"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (-1e-5, "-0.00001"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (-2.5e-7, "-2.5e-7"),
        (5e-324, "5e-324"),
        (2**53 - 1, "9007199254740991"),
        (float(2**53 - 1), "9007199254740991"),
        (4503599627370495.5, "4503599627370495.5"),
        ('é\u2028\x7f\b\f\n\r\t\x01"\\/', '"é\u2028\x7f\\b\\f\\n\\r\\t\\u0001\\"\\\\/"'),
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        ((1, (2,)), "[1,[2]]"),
    ],
)
def test_a_value_has_the_text_of_rfc_8785(value: Any, text: str) -> None:
    assert canonical_json(value) == text


class Mode(str, enum.Enum):
    READ = "read"


class Size(enum.IntEnum):
    LARGE = 3


def test_subclasses_count_as_what_they_extend() -> None:
    assert canonical_json({"mode": Mode.READ, "size": Size.LARGE}) == '{"mode":"read","size":3}'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": math.nan}, "$.a"),
        ([math.inf], "$[0]"),
        ({"n": 2**53}, "$.n"),
        ({"n": -(2**53)}, "$.n"),
        ({"n": 1e16}, "$.n"),
        ({"n": 1e21}, "$.n"),
        ({"s": "\ud800"}, "$.s"),
        ({"odd key": {"\udc00": 1}}, '$["odd key"]["\\udc00"]'),
        ({"__proto__": 1}, "$.__proto__"),
        ({"a": {"constructor": 1}}, "$.a.constructor"),
        ({1: 2}, "$"),
        ({"d": decimal.Decimal(1)}, "$.d"),
        ({"b": b"bytes"}, "$.b"),
        ({"s": {1, 2}}, "$.s"),
        ({"o": object()}, "$.o"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(CanonicalJsonError) as caught:
        canonical_json(value)
    assert caught.value.path == path
    assert caught.value.errors[0]["path"] == path
    assert isinstance(caught.value, InvalidActionError)
    assert caught.value.code == "invalid_action"


def test_nesting_ends_at_32_and_a_value_that_holds_itself_is_refused() -> None:
    deep: Any = 1
    for _ in range(32):
        deep = [deep]
    assert canonical_json(deep) == "[" * 32 + "1" + "]" * 32
    with pytest.raises(CanonicalJsonError, match="nested too deeply"):
        canonical_json([deep])
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(CanonicalJsonError, match="nested too deeply"):
        canonical_json(endless)


def test_the_hash_is_over_the_five_fields_however_they_are_given() -> None:
    fields = {"agent_id": "a", "tool": "t", "operation": "o", "params": {"x": 1}}
    expected = compute_request_hash(fields)
    assert compute_request_hash(**fields) == expected
    assert compute_request_hash({**fields, "status": "allowed", "context": None}) == expected
    assert compute_request_hash(fields, context={}) != expected


def test_trap_numbers_beyond_2_to_the_53_never_compare_equal_because_they_are_refused() -> None:
    with pytest.raises(InvalidActionError):
        compute_request_hash(agent_id="a", tool="t", operation="o", params={"amount": 2**53 + 1})


def test_trap_strings_are_not_trimmed_before_hashing() -> None:
    fields = {"agent_id": "a", "tool": "t", "operation": "o"}
    assert compute_request_hash(fields, params={"s": " x "}) != compute_request_hash(fields, params={"s": "x"})


def test_trap_true_is_not_1() -> None:
    assert canonical_json([True, 1]) == "[true,1]"


@pytest.fixture(scope="module")
def node() -> Iterator[subprocess.Popen[str]]:
    script = f"""
      import {{ createInterface }} from "node:readline";
      import {{ canonicalJson }} from {json.dumps(PROTOCOL.as_uri())};
      for await (const line of createInterface({{ input: process.stdin }})) {{
        let answer;
        try {{ answer = {{ text: canonicalJson(JSON.parse(line)) }}; }}
        catch (error) {{ answer = {{ path: error.path }}; }}
        console.log(JSON.stringify(answer));
      }}"""
    arguments = ["node", "--input-type=module", "-e", script]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


characters = st.characters() | st.characters(categories=["Cs"]) | st.sampled_from('"\\/\b\x7f\u2028\ufb33\U0001f600')
# Two surrogates in a row are two characters in Python and one in JSON text, so such a string cannot be handed to node.
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
texts = st.text(characters, max_size=8).filter(lambda text: not PAIR.search(text)) | st.sampled_from(
    ["__proto__", "constructor", "a b", ""]
)
numbers = (
    st.integers()
    | st.integers(-(2**53) - 2, 2**53 + 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-1e-3, 1e-3)
    | st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(-99999, 99999), st.integers(-330, 25))
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values)
def test_python_and_javascript_agree_on_the_text_and_on_the_place_of_what_is_refused(
    node: subprocess.Popen[str], value: Any
) -> None:
    assert node.stdin is not None
    assert node.stdout is not None
    node.stdin.write(json.dumps(value) + "\n")
    node.stdin.flush()
    theirs = json.loads(node.stdout.readline())
    try:
        ours = {"text": canonical_json(value)}
    except CanonicalJsonError as error:
        ours = {"path": error.path}
    assert ours == theirs
