"""Queries of the chat's conversations: each row is found by its owner alone."""

import re
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from opsmith.errors import NotFound
from opsmith.ports import ChatElement, ChatFeedback, ChatStep, ChatThread, KeptThread
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import alert_log, chat_element, chat_feedback, chat_step, chat_thread
from opsmith.storage.tables import diagnosis_report as report
from opsmith.storage.upsert import upsert

_NAME = 200
_AT_ONCE = 100
_TRACE = re.compile(r"\bAL-[0-9]{8}-[0-9a-f]{10}")
_SPOKEN = ("user_message", "assistant_message")


class ChatHistoryStore:
    """See `opsmith.ports.ChatHistory`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def together(self) -> Generator[None]:
        """See `opsmith.ports.ChatHistory.together`."""
        # Nobody else writes these rows: they wait for no other writer on a server.
        with self._database.write(apart=True):
            yield

    def begin(self, owner: str, thread_id: str, at: datetime, name: str | None = None) -> None:
        """See `opsmith.ports.ChatHistory.begin`."""
        named = None if name is None else " ".join(name.split())[:_NAME]
        with self._database.write(apart=True) as connection:
            query = select(chat_thread.c.owner).where(chat_thread.c.thread_id == thread_id)
            whose = connection.execute(query).scalar()
            if whose is None:
                row = {
                    "thread_id": thread_id,
                    "owner": owner,
                    "name": named or "",
                    "created_at": at,
                    "updated_at": at,
                }
                connection.execute(insert(chat_thread).values(row))
            elif whose != owner:
                raise NotFound(f"No conversation {thread_id!r}")
            elif named is not None:
                mine = update(chat_thread).where(chat_thread.c.thread_id == thread_id)
                connection.execute(mine.values(name=named))

    def owns(self, owner: str, thread_id: str) -> bool:
        """See `opsmith.ports.ChatHistory.owns`."""
        query = select(chat_thread.c.thread_id).where(
            chat_thread.c.thread_id == thread_id, chat_thread.c.owner == owner
        )
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def threads(
        self, owner: str, limit: int, after: str | None = None, search: str = ""
    ) -> Sequence[ChatThread]:
        """See `opsmith.ports.ChatHistory.threads`."""
        columns = chat_thread.c
        query = _columns(chat_thread, "owner", "memory").where(columns.owner == owner)
        if sought := search.strip().lower():
            said = select(chat_step.c.thread_id).where(
                chat_step.c.thread_id == columns.thread_id,
                chat_step.c.kind.in_(_SPOKEN),
                func.lower(chat_step.c.text).contains(sought, autoescape=True),
            )
            named = func.lower(columns.name).contains(sought, autoescape=True)
            query = query.where(or_(named, said.exists()))
        with self._database.read() as connection:
            if after is not None:
                last = select(columns.updated_at).where(columns.thread_id == after)
                at = connection.execute(last).scalar()
                if at is None:
                    return []
                same = and_(columns.updated_at == at, columns.thread_id < after)
                query = query.where(or_(columns.updated_at < at, same))
            query = query.order_by(columns.updated_at.desc(), columns.thread_id.desc()).limit(limit)
            return [ChatThread(**mapping(row)) for row in connection.execute(query)]

    def thread(self, owner: str, thread_id: str) -> KeptThread | None:
        """See `opsmith.ports.ChatHistory.thread`."""
        query = _columns(chat_thread, "owner", "memory").where(_mine(owner, thread_id))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            of_it = chat_step.c.thread_id == thread_id
            steps = connection.execute(
                _columns(chat_step, "thread_id")
                .where(of_it)
                .order_by(chat_step.c.created_at, chat_step.c.step_id)
            ).all()
            elements = connection.execute(
                _columns(chat_element, "thread_id", "content")
                .where(chat_element.c.thread_id == thread_id)
                .order_by(chat_element.c.created_at, chat_element.c.element_id)
            ).all()
            feedback = connection.execute(
                _columns(chat_feedback, "thread_id").where(chat_feedback.c.thread_id == thread_id)
            ).all()
        return KeptThread(
            ChatThread(**mapping(row)),
            [ChatStep(**mapping(one)) for one in steps],
            [ChatElement(**mapping(one), content=b"") for one in elements],
            [ChatFeedback(**mapping(one)) for one in feedback],
        )

    def drop(self, owner: str, thread_id: str) -> None:
        """See `opsmith.ports.ChatHistory.drop`."""
        if self.owns(owner, thread_id):
            with self._database.write(apart=True) as connection:
                _forget(connection, [thread_id])

    def drop_unused(self, since: datetime) -> int:
        """See `opsmith.ports.ChatHistory.drop_unused`."""
        query = select(chat_thread.c.thread_id).where(chat_thread.c.updated_at < since)
        dropped = 0
        # Some at a time: others write between.
        while True:
            with self._database.write(apart=True) as connection:
                found = connection.execute(query.limit(_AT_ONCE)).scalars().all()
                _forget(connection, found)
            dropped += len(found)
            if len(found) < _AT_ONCE:
                return dropped

    def remember(self, owner: str, thread_id: str, memory: str) -> None:
        """See `opsmith.ports.ChatHistory.remember`."""
        mine = update(chat_thread).where(_mine(owner, thread_id))
        with self._database.write(apart=True) as connection:
            connection.execute(mine.values(memory=memory))

    def memory(self, owner: str, thread_id: str) -> str | None:
        """See `opsmith.ports.ChatHistory.memory`."""
        with self._database.read() as connection:
            query = select(chat_thread.c.memory).where(_mine(owner, thread_id))
            return connection.execute(query).scalar()

    def keep(self, owner: str, thread_id: str, *kept: ChatStep | ChatElement) -> None:
        """See `opsmith.ports.ChatHistory.keep`."""
        steps = [one for one in kept if isinstance(one, ChatStep)]
        elements = [one for one in kept if isinstance(one, ChatElement)]
        if not kept:
            return
        with self._database.write(apart=True) as connection:
            self.begin(owner, thread_id, min(one.created_at for one in kept))
            self._not_elsewhere(chat_step.c.step_id, [one.step_id for one in steps], thread_id)
            ids = [one.element_id for one in elements]
            self._not_elsewhere(chat_element.c.element_id, ids, thread_id)
            rows = [_step_row(thread_id, one) for one in steps]
            upsert(connection, chat_step, rows, ["parent_id", "kind", "text", "body"])
            rows = [_element_row(thread_id, one) for one in elements]
            upsert(connection, chat_element, rows, ["mime", "body", "content"])
            spoken = [one.created_at for one in steps if one.kind in _SPOKEN]
            if spoken:
                mine = update(chat_thread).where(
                    chat_thread.c.thread_id == thread_id,
                    chat_thread.c.updated_at < max(spoken),
                )
                connection.execute(mine.values(updated_at=max(spoken)))

    def drop_step(self, owner: str, step_id: str) -> None:
        """See `opsmith.ports.ChatHistory.drop_step`."""
        with self._database.write(apart=True) as connection:
            connection.execute(
                delete(chat_step).where(
                    chat_step.c.step_id == step_id, chat_step.c.thread_id.in_(_of(owner))
                )
            )

    def element(self, owner: str, thread_id: str, element_id: str) -> ChatElement | None:
        """See `opsmith.ports.ChatHistory.element`."""
        query = _columns(chat_element, "thread_id").where(
            chat_element.c.element_id == element_id,
            chat_element.c.thread_id == thread_id,
            chat_element.c.thread_id.in_(_of(owner)),
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else ChatElement(**mapping(row))

    def drop_element(self, owner: str, element_id: str) -> None:
        """See `opsmith.ports.ChatHistory.drop_element`."""
        with self._database.write(apart=True) as connection:
            connection.execute(
                delete(chat_element).where(
                    chat_element.c.element_id == element_id,
                    chat_element.c.thread_id.in_(_of(owner)),
                )
            )

    def judge(
        self, owner: str, step_id: str, good: bool, comment: str, at: datetime
    ) -> ChatFeedback:
        """See `opsmith.ports.ChatHistory.judge`."""
        # The page names the run that led to the answer; the answer is the last that came of it.
        query = select(chat_step).where(
            or_(chat_step.c.step_id == step_id, chat_step.c.parent_id == step_id),
            chat_step.c.kind == "assistant_message",
            chat_step.c.thread_id.in_(_of(owner)),
        )
        query = query.order_by(chat_step.c.created_at.desc()).limit(1)
        with self._database.write(apart=True) as connection:
            answer = connection.execute(query).one_or_none()
            if answer is None:
                raise NotFound(f"No answer {step_id!r}")
            question = connection.execute(
                select(chat_step.c.text)
                .where(
                    chat_step.c.thread_id == answer.thread_id,
                    chat_step.c.kind == "user_message",
                    chat_step.c.created_at <= answer.created_at,
                )
                .order_by(chat_step.c.created_at.desc())
                .limit(1)
            ).scalar()
            trace_id, version = self._about(answer.text, question or "", answer.parent_id)
            found = select(chat_feedback.c.feedback_id).where(chat_feedback.c.step_id == step_id)
            made = ChatFeedback(
                feedback_id=connection.execute(found).scalar() or str(uuid.uuid4()),
                step_id=step_id,
                owner=owner,
                good=good,
                comment=comment,
                question=question or "",
                answer=answer.text,
                at=at,
                trace_id=trace_id,
                version=version,
            )
            row = {name: getattr(made, name) for name in ChatFeedback.__slots__}
            row["thread_id"] = answer.thread_id
            changing = ["good", "comment", "at", "trace_id", "version"]
            upsert(connection, chat_feedback, [row], changing)
        return made

    def drop_feedback(self, owner: str, feedback_id: str) -> None:
        """See `opsmith.ports.ChatHistory.drop_feedback`."""
        with self._database.write(apart=True) as connection:
            mine = chat_feedback.c.owner == owner
            connection.execute(
                delete(chat_feedback).where(chat_feedback.c.feedback_id == feedback_id, mine)
            )

    def feedback_about(self, trace_id: str) -> Sequence[ChatFeedback]:
        """See `opsmith.ports.ChatHistory.feedback_about`."""
        query = _columns(chat_feedback, "thread_id").where(chat_feedback.c.trace_id == trace_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(chat_feedback.c.at)).all()
        return [ChatFeedback(**mapping(row)) for row in rows]

    def _about(
        self, answer: str, question: str, parent_id: str | None
    ) -> tuple[str | None, int | None]:
        """The alert that an answer is about, and the newest version of its report."""
        named = _TRACE.findall(answer) + _TRACE.findall(question)
        with self._database.read() as connection:
            if not named and parent_id is not None:
                # Not named to the reader: the tools were asked about it.
                beside = select(chat_step.c.body).where(
                    chat_step.c.parent_id == parent_id, chat_step.c.kind == "tool"
                )
                for body in connection.execute(beside.limit(20)).scalars():
                    named += _TRACE.findall(str(body.get("input", "")))
            for trace_id in dict.fromkeys(named):
                known = select(alert_log.c.trace_id).where(alert_log.c.trace_id == trace_id)
                if connection.execute(known).first() is not None:
                    newest = select(func.max(report.c.version)).where(report.c.trace_id == trace_id)
                    return trace_id, connection.execute(newest).scalar()
        return None, None

    def _not_elsewhere(self, column: Column[Any], ids: Sequence[str], thread_id: str) -> None:
        if not ids:
            return
        query = select(column).where(column.in_(ids), column.table.c.thread_id != thread_id)
        with self._database.read() as connection:
            if connection.execute(query.limit(1)).first() is not None:
                raise NotFound(f"Not of the conversation {thread_id!r}")


def _step_row(thread_id: str, step: ChatStep) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "thread_id": thread_id,
        "parent_id": step.parent_id,
        "kind": step.kind,
        "text": step.text,
        "body": dict(step.body),
        "created_at": step.created_at,
    }


def _element_row(thread_id: str, element: ChatElement) -> dict[str, Any]:
    return {
        "element_id": element.element_id,
        "thread_id": thread_id,
        "mime": element.mime[:100],
        "body": dict(element.body),
        "content": element.content,
        "created_at": element.created_at,
    }


def _forget(connection: Connection, thread_ids: Sequence[str]) -> None:
    of_no_alert = chat_feedback.c.trace_id.is_(None)
    connection.execute(
        delete(chat_feedback).where(chat_feedback.c.thread_id.in_(thread_ids), of_no_alert)
    )
    for table in (chat_element, chat_step, chat_thread):
        connection.execute(delete(table).where(table.c.thread_id.in_(thread_ids)))


def _of(owner: str) -> Select[Any]:
    return select(chat_thread.c.thread_id).where(chat_thread.c.owner == owner)


def _mine(owner: str, thread_id: str) -> Any:
    return and_(chat_thread.c.thread_id == thread_id, chat_thread.c.owner == owner)


def _columns(table: Table, *without: str) -> Select[Any]:
    wanted = [one for one in table.columns if one.name not in without]
    return cast(Select[Any], select(*wanted))
