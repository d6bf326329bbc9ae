"""The settings: one frozen object, read from MAILER_* variables, and the only reader of the environment."""

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mailer import url
from mailer.characters import refuse_controls
from mailer.errors import InvalidError, MisconfiguredError, Term
from mailer.i18n import N_


def _folder(variable: str, fallback: str) -> Path:
    """An XDG base directory (XDG Base Directory Specification 0.8)."""
    return Path(os.environ.get(variable) or f"~/{fallback}") / "twinletter"


def _key_file() -> Path:
    """A systemd credential where there is one, else a file in the person's configuration."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (path := Path(credentials) / "twinletter.key").exists():
        return path
    return _folder("XDG_CONFIG_HOME", ".config") / "twinletter.key"


def language() -> str:
    """The language of the commands, whatever is wrong with other settings."""
    return os.environ.get("MAILER_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""


def _legible(text: str) -> str:
    """What can be printed, logged and handed on; an octet that is no UTF-8 reaches us as half a surrogate."""
    try:
        return refuse_controls(text)
    except InvalidError:
        raise ValueError(N_("it holds a control character, or octets that are not UTF-8")) from None


def _place(path: Path) -> Path:
    try:
        path = path.expanduser().absolute()
    except RuntimeError:
        raise ValueError(N_("nobody here has the home folder that its ~ means: write the whole path")) from None
    if path.name in {"", ".."}:
        raise ValueError(N_("name a place of its own, below the root"))
    _legible(str(path))
    return path


def _file(path: Path) -> Path:
    path = _place(path)
    with suppress(OSError):
        if path.is_dir():
            raise ValueError(N_("that is a folder: name a file"))
    return path


def _file_if_any(path: str) -> str:
    if not path:
        return path
    file = _file(Path(path))
    if not file.parent.is_dir():
        raise ValueError(N_("its folder is not there: make that first"))
    return str(file)


_Text = Annotated[str, AfterValidator(_legible)]
_Folder = Annotated[Path, AfterValidator(_place)]
_File = Annotated[Path, AfterValidator(_file)]


class Settings(BaseSettings):
    """Everything an installation may choose; each key is described in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="MAILER_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: _Folder = Field(
        default_factory=lambda: _folder("XDG_DATA_HOME", ".local/share"),
        description="The data home: database, broker folder, logs. Never the keys.",
    )
    key_file: _File = Field(
        default_factory=_key_file,
        description="The key ring, outside the data home, readable by its owner alone.",
    )
    database_url: Annotated[_Text, AfterValidator(url.database)] = Field(
        default="",
        description="An SQLAlchemy URL. Empty: SQLite, `twinletter.db` in the data home.",
    )
    withdrawals_file: Annotated[_Text, AfterValidator(_file_if_any)] = Field(
        default="",
        description="Where withdrawals are kept outside the database. Empty: `withdrawals` in the data home.",
    )
    broker_url: Annotated[_Text, AfterValidator(url.broker)] = Field(
        default="",
        description="A broker, `redis://` or `rediss://`. Empty: a private Redis where its program is found,"
        " else a folder in the data home.",
    )
    relay_url: Annotated[_Text, AfterValidator(url.way)] = Field(
        default="smtp://127.0.0.1:25",
        description="The relay that takes our mail: `smtp://HOST:PORT`, `smtp+starttls://…` or `smtps://…`;"
        " or `direct:`, straight to its readers' servers.",
    )
    public_url: Annotated[_Text, AfterValidator(url.public)] = Field(
        default="https://newsletter.example",
        description="Where readers reach the public pages; https, since mail providers ask for it.",
    )
    web_host: Annotated[_Text, Field(min_length=1)] = Field(
        default="127.0.0.1", description="The address that `mailer web` and `mailer up` serve the pages on."
    )
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=0, description="The port of the pages. 0: 8025, or any free one for the demo."
    )
    smtp_timeout: Annotated[float, Field(gt=0, le=600)] = Field(
        default=60.0, description="Seconds that handing over one message may take, connecting included."
    )
    lease: Annotated[float, Field(gt=0, le=86400)] = Field(
        default=300.0,
        description="Seconds that a worker may hold deliveries unheard of; more than `smtp_timeout`.",
    )
    lifetime: Annotated[float, Field(ge=60, le=1_209_600)] = Field(
        default=172_800.0,
        description="Seconds after its first try that a delivery is tried again, up to two weeks.",
    )
    connections: Annotated[int, Field(ge=1, le=100)] = Field(
        default=3, description="SMTP connections of one lane (a provider's queue in one worker)."
    )
    tick: Annotated[float, Field(ge=0.1, le=600)] = Field(
        default=5.0, description="Seconds between two rounds of a worker's ticker."
    )
    sign: Literal["auto", "required", "off"] = Field(
        default="auto",
        description="Whether mails are signed (DKIM): `auto`, where the key ring has a key that signs at all;"
        " `required`; or `off`, since the relay does.",
    )
    dns: Annotated[_Text, AfterValidator(url.dns)] = Field(
        default="system",
        description="Who is asked which provider takes a domain's mail, and for our own keys' records: `system`,"
        " the IP address of a name server, or `off`.",
    )
    retention: Annotated[int, Field(ge=14, le=3650)] = Field(
        default=90, description="Days after which a campaign that is finished keeps counts alone."
    )
    language: str = Field(
        default_factory=language,
        description="Language of the commands. Empty: that of the terminal (LC_ALL, LANG).",
    )
    log: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severity that is logged, on stderr."
    )

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'twinletter.db'}"

    @property
    def has_pages(self) -> bool:
        """Whether somebody has said where readers reach us; else nobody could unsubscribe."""
        return bool(self.public_url != type(self).model_fields["public_url"].default)

    @property
    def withdrawals(self) -> Path:
        """The withdrawals file in force."""
        return Path(self.withdrawals_file) if self.withdrawals_file else self.home / "withdrawals"


def load(**overrides: object) -> Settings:
    """The settings of this process, checked; ``overrides`` win over the environment.

    Raises MisconfiguredError naming the variable, what is wrong with it and nothing else
    of its value: it may hold a password.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        first = error.errors()[0]
        raise MisconfiguredError(
            N_("The setting %(name)s is not usable: %(why)s."),
            name=f"MAILER_{'_'.join(str(part) for part in first['loc']).upper()}",
            why=Term(first["msg"].removeprefix("Value error, ")),
        ) from None
    if settings.lease < settings.smtp_timeout + 1:
        raise MisconfiguredError(
            N_(
                "MAILER_LEASE (%(lease)s s) must be longer than MAILER_SMTP_TIMEOUT (%(timeout)s s):"
                " a worker may not lose a delivery while it waits for its reply."
            ),
            lease=settings.lease,
            timeout=settings.smtp_timeout,
        )
    url.demand_dns(settings.relay_url, settings.dns)
    return settings


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings as the environment gives them, read once."""
    return load()


def environment(chosen: Settings) -> dict[str, str]:
    """The environment of a child process that is to have exactly these settings."""
    values = chosen.model_dump(mode="json")
    return os.environ | {f"MAILER_{key.upper()}": str(value) for key, value in values.items()}
