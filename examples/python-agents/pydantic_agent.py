"""An agent of Pydantic AI whose tools ask the gate; its model is a test's, which calls every tool once.

faramesh dev --policy examples/python-agents/policy.yaml
"""

from __future__ import annotations

from pydantic_ai import Agent, Tool
from pydantic_ai.models.test import TestModel

from faramesh.integrations import govern

ran: list[str] = []


def find_order(order: str) -> str:
    """What the order cost."""
    ran.append("find_order")
    return f"order {order} cost 40"


def delete_account(name: str) -> str:
    """Delete an account."""
    ran.append("delete_account")
    return f"{name} deleted"


agent = Agent(TestModel(), tools=govern([Tool(find_order), Tool(delete_account)], agent_id="desk"))
answer = agent.run_sync("Look, then delete.").output

print(answer)
assert ran == ["find_order"]
assert "Accounts are never deleted" in answer
