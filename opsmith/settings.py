"""Settings: read once from the environment (OPSMITH_...) and `.env`, then passed around."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from opsmith.domain.base import Language
from opsmith.errors import BadInput


def _default_data_dir() -> Path:
    return Path.home() / ".local" / "share" / "opsmith"


class Settings(BaseSettings):
    """Everything that an operator can set. Each field's sentence is also its line in the docs."""

    model_config = SettingsConfigDict(
        env_prefix="OPSMITH_", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Folder of the embedded data: tables, series, bus journal.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the tables; empty: SQLite in the data folder.",
    )
    kafka_servers: str = Field(
        default="",
        description="Kafka's brokers, host:port by commas; empty: the bus of this process.",
    )
    kafka_partitions: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="Partitions of topics that opsmith makes: the most workers of a stage.",
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the brokers are spoken to."
    )
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How the user shows who he is, with SASL."
    )
    kafka_user: str = Field(default="", description="User at the brokers, with SASL.")
    kafka_password: SecretStr = Field(
        default=SecretStr(""), description="His password; never logged."
    )
    kafka_ca_file: str = Field(
        default="",
        description="PEM file of who signed the brokers' certificates; empty: known CAs.",
    )
    kafka_idempotent: bool = Field(
        default=True, description="Have the brokers drop what a producer repeats after an error."
    )
    kafka_session: float = Field(
        default=6,
        ge=0.5,
        le=300,
        description="Seconds without a sign of life until a worker's share goes to others;"
        " less than 6 needs group.min.session.timeout.ms at the brokers.",
    )
    influx_url: str = Field(
        default="",
        description="URL of InfluxDB 2 or 1.8; empty: readings in the data folder.",
    )
    influx_token: SecretStr = Field(
        default=SecretStr(""),
        description="Its token; of 1.8 USER:PASSWORD, or empty without users; never logged.",
    )
    influx_org: str = Field(default="opsmith", description="Organisation at InfluxDB 2.")
    influx_bucket: str = Field(
        default="opsmith",
        description="Database of InfluxDB 1.8; what the buckets of InfluxDB 2 begin with.",
    )
    redis_url: str = Field(
        default="",
        description="URL of Redis, such as redis://:password@host:6379/0; empty: memory.",
    )
    language: Language = Field(
        default="en", description="Language of reports and screens: en or zh."
    )
    timezone: str = Field(
        default="UTC", description="Zone of the times shown to people, such as Asia/Shanghai."
    )
    allow_writes: bool = Field(
        default=False,
        description="Publish the tools that write to MCP clients without a key; a key has a role.",
    )
    api_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key of who calls over stdio, from `opsmith keys add`; never logged.",
    )
    mcp_hosts: str = Field(
        default="",
        description="Hosts, separated by commas, as which MCP over HTTP is called; else loopback.",
    )
    mcp_origins: str = Field(
        default="",
        description="Web pages that may call MCP over HTTP, such as https://desk.example.",
    )
    mcp_rate: float = Field(
        default=50, gt=0, le=100_000, description="Requests a second of one MCP key over HTTP."
    )
    llm_provider: Literal["zai", "openai"] = Field(
        default="zai",
        description="zai for GLM, openai for any server that speaks OpenAI's protocol.",
    )
    llm_model: str = Field(
        default="",
        description=(
            "Model, or a chain by commas, each with a server of its own if it has one: "
            "glm-4.7, openai:qwen3@http://127.0.0.1:8000/v1; empty: rules alone, no LLM."
        ),
    )
    llm_base_url: str = Field(
        default="", description="Base URL of the model's server; empty: the provider's own."
    )
    llm_api_key: SecretStr = Field(
        default=SecretStr(""),
        description=(
            "Key of the model's server, or one for each model of a chain, by commas; never logged "
            "or reported."
        ),
    )
    llm_mode: Literal["auto", "tools", "evidence"] = Field(
        default="auto",
        description=(
            "tools: the model leads with tools; evidence: code gathers, the model judges; auto: "
            "whichever it turns out to be able to do."
        ),
    )
    llm_seconds: float = Field(
        default=25, gt=0, le=300, description="Seconds after which the LLM's work is ended."
    )
    llm_tool_calls: int = Field(
        default=10, ge=3, le=100, description="Tool calls that the LLM may make for a diagnosis."
    )
    llm_tokens: int = Field(
        default=200_000, ge=1_000, description="Tokens after which a diagnosis by the LLM is ended."
    )
    llm_price_in: float = Field(
        default=0.0, ge=0, description="Price of a million tokens that the LLM reads; 0: unknown."
    )
    llm_price_out: float = Field(
        default=0.0, ge=0, description="Price of a million tokens that the LLM writes; 0: unknown."
    )
    llm_money: float = Field(
        default=0.0,
        ge=0,
        description="What a diagnosis by the LLM may cost at these prices; 0: no limit.",
    )
    embedding_model: str = Field(
        default="",
        description=(
            "Embedding model that reorders by meaning what the knowledge search found, such as "
            "embedding-3; what was asked, and found entries and passages of the plant's documents, "
            "go to its server; empty: words alone, and nothing goes anywhere."
        ),
    )
    embedding_base_url: str = Field(
        default="",
        description=(
            "Base URL of its server, which speaks OpenAI's protocol: "
            "https://open.bigmodel.cn/api/paas/v4, http://127.0.0.1:11434/v1."
        ),
    )
    embedding_api_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key of that server, if it wants one; never logged or reported.",
    )
    embedding_seconds: float = Field(
        default=2,
        gt=0,
        le=3,
        description="Seconds that a search waits for it; after them the order is that by words.",
    )
    false_alerts: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="False alerts accepted per device and week; fewer: faults are found later.",
    )
    detection: Literal["full", "light"] = Field(
        default="full",
        description="full, or light: each channel by itself, for more devices than cores bear.",
    )
    rules_file: str = Field(
        default="", description="YAML file of alert rules over several channels; empty: none."
    )
    policy_file: str = Field(
        default="",
        description="YAML file of what is done by itself and what is proposed; empty: opsmith's.",
    )
    raw_days: int = Field(default=90, ge=1, description="Days that live raw readings are kept.")
    aggregate_days: int = Field(
        default=365, ge=1, description="Days that live one-minute aggregates are kept."
    )
    chat_days: int = Field(
        default=365, ge=1, description="Days that a conversation is kept after its last message."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="Least level that is logged to standard error."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="text: for people; json: one object a line, for machines."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no zone {name!r}; use a name such as Asia/Shanghai") from error
        return name

    @property
    def tables_url(self) -> str:
        """The tables' URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'opsmith.db'}"

    @property
    def series_path(self) -> Path:
        """File of the embedded series store."""
        return self.data_dir / "series.db"

    @property
    def journal_path(self) -> Path:
        """File of the in-process bus's journal."""
        return self.data_dir / "bus.db"

    @property
    def zone(self) -> ZoneInfo:
        """The plant's zone."""
        return ZoneInfo(self.timezone)


def load_settings() -> Settings:
    """Read the settings. Raises `BadInput` with one line for the first bad one."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "OPSMITH_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadInput(f"Bad setting {name}: {first['msg']}") from error


def env_example() -> str:
    """The text of `.env.example`: each setting with its sentence and its default."""
    lines = ["# Copy to .env and change what you need. Each line shows the default."]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=False)
        if isinstance(default, SecretStr):
            shown = ""
        elif name == "data_dir":
            shown = "~/.local/share/opsmith"
        else:
            shown = str(default).lower() if isinstance(default, bool) else str(default)
        lines += ["", f"# {field.description}", f"# OPSMITH_{name.upper()}={shown}"]
    return "\n".join(lines) + "\n"
