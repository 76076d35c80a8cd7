"""The ``model`` of the guides' agents: it asks for one refund, and then is done."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage


class _Scripted(FakeMessagesListChatModel):
    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


_REFUND = {"name": "refund", "args": {"order": "17", "amount": 250}, "id": "call-1"}

model = _Scripted(responses=[AIMessage("", tool_calls=[_REFUND]), AIMessage("250 were refunded.")])
