"""A script whose functions ask the gate. Run it with the policy beside it:

faramesh dev --policy examples/python-agents/policy.yaml
"""

from __future__ import annotations

from faramesh import ActionDenied, ApprovalRequired, approve_action
from faramesh.integrations import govern

ORDERS = {"17": 40, "18": 250}


def find_order(order: str) -> int:
    """What the order cost."""
    return ORDERS[order]


def refund(order: str, amount: int) -> str:
    """Pay money back."""
    return f"{amount} refunded for {order}"


def delete_account(name: str) -> str:
    """Delete an account."""
    raise AssertionError("the gate never lets this run")


find_order, refund, delete_account = govern((find_order, refund, delete_account), agent_id="desk")

assert refund("17", find_order("17")) == "40 refunded for 17"

try:
    delete_account("ada")
except ActionDenied as denied:
    print(denied)

try:
    refund("18", find_order("18"))
except ApprovalRequired as held:
    print(held)
    # A person does this, with a key that may approve.
    approve_action(held.action_id, reason="It arrived broken")

# The same call takes up the same action, which runs now.
assert refund("18", 250) == "250 refunded for 18"
print("done")
