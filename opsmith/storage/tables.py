"""The relational schema, one for SQLite and MySQL."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from opsmith.storage.columns import Blob, Json, Prose, Real, Utc

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


device_registry = Table(
    "device_registry",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("device_name", String(200), nullable=False),
    Column("device_type", String(64), nullable=False, index=True),
    Column("model", String(100), nullable=False),
    Column("manufacturer", String(100), nullable=False),
    Column("factory_id", String(64), nullable=False),
    Column("line_id", String(64), nullable=False, index=True),
    Column("location", String(200), nullable=False),
    Column("install_date", Date),
    Column("rated_temp_max", Real),
    Column("rated_vibration_max", Real),
    Column("rated_pressure_max", Real),
    Column("limits", Json, nullable=False),
    Column("channels", Json, nullable=False),
    Column("status", String(16), nullable=False),
    Column("maintenance_until", Utc),
    Column("criticality", Integer, nullable=False),
    Column("adopted", Boolean, nullable=False),
    Column("baseline_at", Utc),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
)

alert_log = Table(
    "alert_log",
    metadata,
    Column("trace_id", String(40), primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("alert_level", String(2), nullable=False),
    Column("alert_type", String(32), nullable=False),
    Column("temperature", Real),
    Column("vibration", Real),
    Column("raw_payload", Json, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("state", String(40), nullable=False, index=True),
    Column("score", Real, nullable=False),
    Column("deviations", Json, nullable=False),
    Column("count", Integer, nullable=False),
    Column("onset", Utc, nullable=False),
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
    Column("cleared_at", Utc),
    Column("flapping", Boolean, nullable=False, server_default="0"),
    Column("raises", Integer, nullable=False, server_default="1"),
    Column("suppressed", String(200)),
    Column("held", String(16)),
    Column("held_until", Utc),
    Column("grouped_under", String(40), index=True),
    Column("grouped", Integer, nullable=False, server_default="0"),
    Column("related_to", String(40)),
    Column("holds", Json),
    Column("acknowledged_by", String(100)),
    Column("acknowledged_at", Utc),
    Column("shelved_until", Utc),
    Column("code", String(64), index=True),
    Column("message", String(500)),
    Column("source", String(64), nullable=False, server_default="opsmith"),
    Column("levels", Json),
    Column("spells", Json),
    Column("created_at", Utc, nullable=False),
    Index("ix_alert_log_device_id_first_seen", "device_id", "first_seen"),
    Index("ix_alert_log_first_seen", "first_seen"),
    Index("ix_alert_log_held_cleared_at", "held", "cleared_at"),
)

shelf = Table(
    "shelf",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("alert_type", String(32), primary_key=True),
    Column("alert_level", String(2), nullable=False),
    Column("shelved_by", String(100), nullable=False),
    Column("shelved_at", Utc, nullable=False),
    Column("shelved_until", Utc, nullable=False, index=True),
)
"""Which alerts a person put aside, by device and type: a repeat within the time stays aside."""

diagnosis_report = Table(
    "diagnosis_report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("trace_id", String(40), ForeignKey("alert_log.trace_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("as_of", Utc, nullable=False),
    Column("author", String(16), nullable=False),
    Column("language", String(2), nullable=False),
    Column("device_id", String(64), nullable=False, index=True),
    Column("diagnosis_text", Prose, nullable=False),
    Column("decision_text", Prose, nullable=False),
    Column("failure_mode", String(64)),
    Column("fault_category", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("recommended_action", String(500), nullable=False),
    Column("llm_model", String(100), nullable=False),
    Column("tokens_used", Integer, nullable=False),
    Column("latency_ms", Real, nullable=False),
    Column("diagnosis", Json, nullable=False),
    Column("decision", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("trace_id", "version"),
    UniqueConstraint("trace_id", "as_of", "author", "language"),
)

alert_comment = Table(
    "alert_comment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("trace_id", String(40), ForeignKey("alert_log.trace_id"), nullable=False, index=True),
    Column("by", String(100), nullable=False),
    Column("at", Utc, nullable=False),
    Column("text", String(1000), nullable=False),
)

work_order = Table(
    "work_order",
    metadata,
    Column("order_no", String(24), primary_key=True),
    Column("trace_id", String(40), unique=True),
    Column("device_id", String(64), nullable=False),
    Column("failure_mode", String(64)),
    Column("order_type", String(16), nullable=False),
    Column("work_class", String(20), nullable=False),
    Column("priority", String(2), nullable=False),
    Column("description", Prose, nullable=False),
    Column("steps", Json, nullable=False),
    Column("assigned_to", String(100)),
    Column("reviewed_by", String(100)),
    Column("status", String(16), nullable=False, index=True),
    Column("merged_into", String(24)),
    Column("estimated_hours", Real),
    Column("actual_hours", Real),
    Column("materials", Json, nullable=False),
    Column("costs", Json),
    Column("failure_code", String(64), index=True),
    Column("found", Prose),
    Column("done", Prose),
    Column("closing_notes", Prose),
    Column("source", String(64), nullable=False, server_default="opsmith"),
    Column("external_no", String(64), index=True),
    Column("created_by", String(100)),
    Column("planned_at", Utc),
    Column("started_at", Utc),
    Column("due_at", Utc),
    Column("failed_at", Utc),
    Column("restored_at", Utc),
    Column("created_at", Utc, nullable=False, index=True),
    Column("completed_at", Utc),
    Column("updated_at", Utc),
    Index("ix_work_order_device_id_status", "device_id", "status"),
    Index("ix_work_order_device_id_created_at", "device_id", "created_at"),
)

work_order_change = Table(
    "work_order_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("order_no", String(24), ForeignKey("work_order.order_no"), nullable=False, index=True),
    Column("at", Utc, nullable=False),
    Column("by", String(100), nullable=False),
    Column("changed", Json, nullable=False),
)
"""What people and opsmith changed in an order: each field with what it was and what it is."""

failure_code = Table(
    "failure_code",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("device_type", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("name_zh", String(200), nullable=False, server_default=""),
    Column("description", Prose, nullable=False),
    Column("source", String(64), nullable=False),
)
"""The codes by which a plant classes its failures; `device_type` is `*` where any may have it."""

work_order_alert = Table(
    "work_order_alert",
    metadata,
    Column("trace_id", String(40), primary_key=True),
    Column("order_no", String(24), ForeignKey("work_order.order_no"), nullable=False, index=True),
    Column("version", Integer, nullable=False, server_default="0"),
)
"""Which alerts an order answers, and the version of each one's report up to which it does; an
alert is answered by one order."""

maintenance_kb = Table(
    "maintenance_kb",
    metadata,
    Column("entry_id", String(64), primary_key=True),
    Column("lang", String(2), primary_key=True),
    Column("device_type", String(64), nullable=False, index=True),
    Column("fault_pattern", Prose, nullable=False),
    Column("symptoms", Prose, nullable=False),
    Column("root_cause", Prose, nullable=False),
    Column("solution", Prose, nullable=False),
    Column("prevention", Prose, nullable=False),
    Column("source", String(16), nullable=False),
    Column("entry", Json, nullable=False),
    Column("created_at", Utc, nullable=False, index=True),
)

kb_version = Table(
    "kb_version",
    metadata,
    Column("entry_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False, index=True),
    Column("entry", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("proposed_by", String(100), nullable=False),
    Column("proposed_at", Utc, nullable=False),
    Column("reviewed_by", String(100)),
    Column("reviewed_at", Utc),
    Column("reason", Prose, nullable=False),
)
"""Versions of knowledge entries that were ever changed or drafted; `maintenance_kb` has those
that hold."""

kb_document = Table(
    "kb_document",
    metadata,
    Column("document_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("title", String(200), nullable=False),
    Column("file_name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("media_type", String(100), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("pages", Integer),
    Column("passages", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("imported_by", String(100), nullable=False),
    Column("imported_at", Utc, nullable=False),
)
"""Documents that the plant gave us, every version of each."""

kb_passage = Table(
    "kb_passage",
    metadata,
    Column("document_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("heading", String(500), nullable=False),
    Column("page", Integer),
    Column("text", Prose, nullable=False),
)
"""The text of documents, in pieces that a citation can point to."""

text_embedding = Table(
    "text_embedding",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("vector", Blob, nullable=False),
    Column("made_at", Utc, nullable=False, index=True),
)
"""Vectors of texts of the knowledge, by model and text; made anew where one is gone."""

order_outcome = Table(
    "order_outcome",
    metadata,
    Column("order_no", String(24), primary_key=True),
    Column("trace_id", String(40)),
    Column("device_id", String(64), nullable=False),
    Column("device_type", String(64), nullable=False, index=True),
    Column("diagnosed", String(64)),
    Column("also", Json, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("found", String(64)),
    Column("told", String(16), nullable=False),
    Column("words", Prose, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("ranked", Json, nullable=False),
    Column("by", String(100), nullable=False),
    Column("at", Utc, nullable=False),
)
"""Diagnoses of closed orders, held against what was found; an order that is taken up again has
none."""

learned_prior = Table(
    "learned_prior",
    metadata,
    Column("device_type", String(64), primary_key=True),
    Column("entry_id", String(64), primary_key=True),
    Column("offset", Real, nullable=False),
    Column("found", Real, nullable=False),
    Column("expected", Real, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("updated_at", Utc, nullable=False),
)
"""What the outcomes of a class add to the priors of its failure modes; worked out of them anew
each time."""

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("source", String(200), nullable=False),
    Column("value", Blob, nullable=False),
    Column("created_at", Utc, nullable=False, index=True),
    Column("redriven_at", Utc),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("value", Blob, nullable=False),
    sqlite_autoincrement=True,
)
"""What a stage announces, written with its work and published from here."""

event_log = Table(
    "event_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(64), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("value", Blob, nullable=False),
    Column("logged_at", Utc, nullable=False, index=True),
)
"""What was published lately, by its number in the outbox."""

plant = Table(
    "plant",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(200), nullable=False),
)
"""Facts about the plant as a whole, such as which clock it goes by."""

detector_state = Table(
    "detector_state",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("state", Blob, nullable=False),
    Column("baseline_at", Utc),
)
"""What the detectors know of each device; only they can read it."""

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("factories", Json),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("last_used_at", Utc),
    Column("revoked_at", Utc),
)
"""Keys by which programs call; the key itself is nowhere, its digest is."""

proposal = Table(
    "proposal",
    metadata,
    Column("proposal_id", String(24), primary_key=True),
    Column("tool", String(64), nullable=False),
    Column("arguments", Json, nullable=False),
    Column("shown", Prose, nullable=False),
    Column("device_id", String(64)),
    Column("needs", String(16), nullable=False),
    Column("proposed_by", String(100), nullable=False),
    Column("proposed_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("decided_by", String(100)),
    Column("decided_at", Utc),
    Column("outcome", Prose),
)
"""Changes that wait for a person, exactly as they were shown to him."""

kept_answer = Table(
    "kept_answer",
    metadata,
    Column("caller", String(100), primary_key=True),
    Column("idempotency_key", String(64), primary_key=True),
    Column("tool", String(64), nullable=False),
    Column("arguments", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("at", Utc, nullable=False, index=True),
)
"""What a call with an idempotency key was answered; the same call again gets it again."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Utc, nullable=False),
    Column("caller", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("via", String(16), nullable=False),
    Column("action", String(64), nullable=False),
    Column("arguments", Prose, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("detail", String(500), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)
"""Every call that writes, refused ones too; each row's digest covers the one before it."""

worker = Table(
    "worker",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("stage", String(32), nullable=False),
    Column("host", String(100), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("facts", Json, nullable=False),
)
"""Processes that run stages, and when each was last heard of."""

forecast_record = Table(
    "forecast_record",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("step_s", Integer, primary_key=True, autoincrement=False),
    Column("record", Json, nullable=False),
    Column("pending", Json),
    Column("due_at", Utc),
    Column("updated_at", Utc, nullable=False),
)
"""How the forecasts of a channel have done, and the one that is held against what comes."""

device_health = Table(
    "device_health",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("as_of", Utc, nullable=False),
    Column("facts", Json, nullable=False),
)
"""The health index that was last worked out of each device, with its reasons."""

user_account = Table(
    "user_account",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("digest", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("factories", Json),
    Column("stamp", String(32), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("last_seen_at", Utc),
    Column("disabled_at", Utc),
)
"""People who sign in; a sign-in holds for as long as `stamp` is what it was then."""

ended_sign_in = Table(
    "ended_sign_in",
    metadata,
    Column("sign_in", String(64), primary_key=True),
    Column("until", Utc, nullable=False, index=True),
)
"""Sign-ins that were ended before their time, until they would have ended by themselves."""

chat_thread = Table(
    "chat_thread",
    metadata,
    Column("thread_id", String(64), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("name", String(200), nullable=False),
    Column("memory", Prose),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_chat_thread_owner_updated_at", "owner", "updated_at"),
)
"""Conversations in the chat, each of one person; `memory` is what the assistant goes on with."""

chat_step = Table(
    "chat_step",
    metadata,
    Column("step_id", String(64), primary_key=True),
    Column(
        "thread_id", String(64), ForeignKey("chat_thread.thread_id"), nullable=False, index=True
    ),
    Column("parent_id", String(64)),
    Column("kind", String(32), nullable=False),
    Column("text", Prose, nullable=False),
    Column("body", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
)
"""What was said and called in a conversation, as the page shows it."""

chat_element = Table(
    "chat_element",
    metadata,
    Column("element_id", String(64), primary_key=True),
    Column(
        "thread_id", String(64), ForeignKey("chat_thread.thread_id"), nullable=False, index=True
    ),
    Column("mime", String(100), nullable=False),
    Column("body", Json, nullable=False),
    Column("content", Blob, nullable=False),
    Column("created_at", Utc, nullable=False),
)
"""Charts, tables and files of a conversation."""

chat_feedback = Table(
    "chat_feedback",
    metadata,
    Column("feedback_id", String(64), primary_key=True),
    Column("step_id", String(64), nullable=False, unique=True),
    Column("thread_id", String(64), nullable=False, index=True),
    Column("owner", String(100), nullable=False),
    Column("good", Boolean, nullable=False),
    Column("comment", Prose, nullable=False),
    Column("question", Prose, nullable=False),
    Column("answer", Prose, nullable=False),
    Column("trace_id", String(40), index=True),
    Column("version", Integer),
    Column("at", Utc, nullable=False),
)
"""What people thought of an answer; of one about an alert it stays with that alert's report."""

write_lock = Table(
    "write_lock", metadata, Column("id", Integer, primary_key=True, autoincrement=False)
)
"""One row: who writes on MySQL holds it, as SQLite lets one write at a time."""
