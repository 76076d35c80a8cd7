"""The tools of the agents under test, which remember that they ran, and the policy that decides about them."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Callable

POLICY = """
version: 1
name: integrations
rules:
  - { id: no-deletion, match: { tool: delete_account }, deny: true, reason: Accounts are never deleted }
  - { id: refunds, match: { tool: refund }, require_approval: true, reason: Money leaves the house }
  - { id: looking, match: { tool: [find_orders, break_down, delegate], operation: call }, allow: true }
"""

Call = tuple[str, dict[str, Any]]
"""A tool's name and the arguments a model writes."""

FIND: Call = ("find_orders", {"customer": "ada"})
REFUND: Call = ("refund", {"order": "17", "amount": 250})
DELETE: Call = ("delete_account", {"account": "ada"})
BREAK: Call = ("break_down", {})

FOUND = "5 orders of ada"
REFUNDED = "250 refunded for 17"


class World:
    """What ran, in order, with what."""

    def __init__(self) -> None:
        self.ran: list[Call] = []

    def functions(self, *, asynchronous: bool = False) -> list[Callable[..., Any]]:
        """The tools as plain functions."""

        def find_orders(customer: str, limit: int = 5) -> str:
            """Find the orders of a customer."""
            self.ran.append(("find_orders", {"customer": customer, "limit": limit}))
            return f"{limit} orders of {customer}"

        def refund(order: str, amount: int) -> str:
            """Pay money back for an order."""
            self.ran.append(("refund", {"order": order, "amount": amount}))
            return f"{amount} refunded for {order}"

        def delete_account(account: str) -> str:
            """Delete an account."""
            self.ran.append(("delete_account", {"account": account}))
            return f"{account} deleted"

        def break_down() -> str:
            """Fail."""
            self.ran.append(BREAK)
            raise ValueError("the printer is on fire")

        plain: list[Callable[..., Any]] = [find_orders, refund, delete_account, break_down]
        return [_awaited(function) for function in plain] if asynchronous else plain


def _awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return function(*args, **kwargs)

    # What a tool is made of, without functools.wraps: frameworks would look through that to what is not awaited.
    call.__name__, call.__qualname__, call.__doc__ = function.__name__, function.__name__, function.__doc__
    call.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
    call.__annotations__ = inspect.get_annotations(function, eval_str=True)
    return call
