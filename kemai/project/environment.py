"""Typed readers of environment variables: a bad value stops the start with a sentence that says what to do."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kemai.kit import durable
from kemai.kit.columnseal import BadKey, read_key
from kemai.project import lines


class BadSetting(SystemExit):
    """An environment variable holds a value that cannot be used; the message names it and its allowed form."""


def text(name: str, default: str = "") -> str:
    """The variable itself, or the content of the file that `<name>_FILE` points to (for secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE={path}: {error.strerror}") from error
    return os.environ.get(name, default)


def boolean(name: str, *, default: bool) -> bool:
    raw = text(name).strip().lower()
    if raw == "":
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}={raw!r}: use 1 or 0")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    raw = text(name).strip()
    if raw == "":
        return default
    if not raw.isascii() or not raw.lstrip("-").isdigit() or not low <= int(raw) <= high:
        raise BadSetting(f"{name}={raw!r}: use a whole number from {low} to {high}")
    return int(raw)


def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
    found = text(name).strip().lower() or default
    if found not in allowed:
        raise BadSetting(f"{name}={found!r}: use {' or '.join(allowed)}")
    return found


def names(name: str, default: list[str]) -> list[str]:
    raw = text(name)
    return [part.strip() for part in raw.split(",") if part.strip()] if raw else default


def places(name: str) -> list[str]:
    """Networks, addresses and host names: 10.0.0.0/8,idp.lan"""
    from kemai.kit.outgoing import Allowed

    found = names(name, [])
    try:
        Allowed.of(found)
    except ValueError as error:
        raise BadSetting(f"{name}: {error}") from error
    return found


def stolen_list(name: str) -> str:
    """Where stolen passwords are looked up: the address of a service, a file or a folder; nowhere by default."""
    found = text(name).strip()
    if found and not found.startswith("https://") and not Path(found).exists():
        raise BadSetting(f"{name}={found!r}: use https://…, or a file or folder that exists")
    return found


def daemon(name: str) -> str:
    """A socket's path, or a port of this machine (its protocol is not encrypted); none by default."""
    found = text(name).strip()
    host, _colon, port = found.rpartition(":")
    if found and not found.startswith("/") and not (host and port.isdigit() and 0 < int(port) < 65536):
        raise BadSetting(f"{name}={found!r}: use /path/of/the/socket or host:port")
    if not lines.stays_here(host):
        raise BadSetting(
            f"{name}={found!r}: it is not encrypted; for another machine name this end of a tunnel"
        )
    return found


def log_receiver(name: str) -> str:
    """syslog+tls://host:6514; none by default."""
    from kemai.kit.syslog import receiver

    found = text(name).strip()
    try:
        if found:
            receiver(found)
    except ValueError as error:
        raise BadSetting(f"{name}: {error}") from error
    return found


def certificate() -> tuple[Path, Path] | None:
    """KEMAI_TLS_CERT and KEMAI_TLS_KEY: paths; none by default."""
    try:
        return lines.certificate(text("KEMAI_TLS_CERT"), text("KEMAI_TLS_KEY"))
    except ValueError as error:
        raise BadSetting(f"KEMAI_TLS_CERT, KEMAI_TLS_KEY: {error}") from error


def column_keys(name: str, older: str) -> list[str]:
    """The key that encrypts, and those that still read what was encrypted before; none by default."""
    given = [part.strip() for part in (text(name), *text(older).split(",")) if part.strip()]
    if given and not text(name).strip():
        raise BadSetting(f"{older} is set without {name}: put the key that encrypts into {name}")
    for one in given:
        try:
            read_key(one)
        except BadKey as error:
            raise BadSetting(f"{name} or {older}: use what `kemai columns key` prints") from error
    return given


def data_folder(name: str, default: Path) -> Path:
    folder = Path(text(name) or default).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def default_data() -> Path:
    """Beside the checkout; for an installed package in the user's own folder."""
    checkout = Path(__file__).resolve().parent.parent.parent
    if (checkout / "pyproject.toml").exists():
        return checkout / "data"
    return Path("~/.local/share/kemai").expanduser()


def secret(folder: Path, name: str) -> str:
    """The secret from the environment, else one generated at the first start and kept in the data folder."""
    given = text(name)
    if given:
        return given
    path = folder / "secret.key"
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".secret-")  # readable by its owner alone
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
        durable.first_there(Path(temporary), path)
    found = path.read_text(encoding="ascii").strip()
    if not found:
        raise BadSetting(f"{path} is empty: put back the one that the newest backup holds")
    return found


def database(name: str, folder: Path) -> dict[str, object]:
    """A Django DATABASES entry: SQLite in the data folder, or `postgresql://user:password@host:port/name`."""
    url = text(name)
    if not url:
        return {
            "ENGINE": "kemai.platform.sqlite",
            "NAME": str(folder / "kemai.sqlite3"),
            "CONN_MAX_AGE": None,
            "TEST": {"NAME": ":memory:"},  # what Django's own SQLite takes for granted
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768; "
                    "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864"
                ),
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise BadSetting(f"{name}: use postgresql://user:password@host:port/name")
    query = {
        key: unquote(value) for key, _is, value in (part.partition("=") for part in parts.query.split("&"))
    }
    host = query.get("host", unquote(parts.hostname or ""))
    try:
        encrypted = lines.database_options(host, query)
    except ValueError as error:
        raise BadSetting(f"{name}: {error}") from error
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # no page reads enough to be worth starting parallel workers, which a wrong guess of the planner would do
        "OPTIONS": {
            "options": "-c random_page_cost=1.1 -c jit=off -c max_parallel_workers_per_gather=0",
            # kept plans (docs/adr/038); a pooler that gives each transaction another session cannot have them
            "prepare_threshold": None if query.get("prepare") == "0" else 2,
            **encrypted,
        },
    }
