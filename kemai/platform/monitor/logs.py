"""The log: one JSON object a line, with the request's number and without personal data.

What people typed must not reach a log: others read it, it is copied elsewhere and kept for long. So telephone numbers,
mail addresses and Chinese text are taken out of every message, whatever wrote it. Of an exception only its kind, the
places in the code and its text without anything quoted are told (a database's complaint names the value)."""

from __future__ import annotations

import logging
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType

import orjson

from kemai.kit import tracing

EXTRA = ("event", "method", "route", "status", "ms", "user", "address", "job", "task", "code", "kind")
"""What a caller may add by `extra={…}`; keys and numbers, never text that somebody typed."""
MOST_FRAMES = 40
DETAIL = re.compile(r"\n?(DETAIL|CONTEXT|HINT|LINE \d+):.*", re.DOTALL)
MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
NUMBER = re.compile(r"(?<![\w.:-])\+?\d[\d -]{6,18}\d(?![\w:.-]*\d)")
HAN = r"\u3400-\u9fff\U00020000-\U0003ffff"
CHINESE = re.compile(rf"[{HAN}][{HAN}\u3000-\u303f\uff00-\uffef·\s]*")
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|“[^”\n]*”|=\([^)\n]*\)|\[[^\]\n]*\]|\{[^}\n]*\}")


def scrubbed(text: str) -> str:
    """The text without telephone numbers, mail addresses and Chinese."""
    text = MAIL.sub("<mail>", text)
    text = NUMBER.sub(lambda found: "<number>" if len(re.sub(r"\D", "", found[0])) >= 8 else found[0], text)
    return CHINESE.sub("<text>", text)


def told(error: BaseException) -> str:
    """What went wrong, without the values it went wrong with."""
    text = QUOTED.sub("<value>", DETAIL.sub("", str(error)))
    return f"{type(error).__module__}.{type(error).__qualname__}: {scrubbed(text)[:500]}"


def frames(trace: TracebackType | None) -> list[str]:
    found = traceback.extract_tb(trace)[-MOST_FRAMES:]
    return [f"{one.filename}:{one.lineno} {one.name}" for one in found]


def chain(error: BaseException) -> list[str]:
    """The errors that led to it, the last first."""
    said: list[str] = []
    before = error.__cause__ or error.__context__
    while before is not None and len(said) < 5:
        said.append(told(before))
        before = before.__cause__ or before.__context__
    return said


def error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


class Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
        }
        if number := tracing.current():
            line["request_id"] = number
        line |= {key: getattr(record, key) for key in EXTRA if hasattr(record, key)}
        if error := error_of(record):
            line |= {"error": told(error), "frames": frames(error.__traceback__)}
            if before := chain(error):
                line["because"] = before
        return orjson.dumps(line, default=str).decode()


class Plain(logging.Formatter):
    """The same for a person's eyes."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        text = f"{at} {record.levelname} {record.name} {scrubbed(record.getMessage())}"
        if number := tracing.current():
            text += f" [{number}]"
        if error := error_of(record):
            places = "".join(f"\n  {one}" for one in frames(error.__traceback__))
            text += f"\n  {told(error)}{places}" + "".join(f"\n  after {one}" for one in chain(error))
        return text


def config(style: str, level: str, forward: str = "") -> dict[str, object]:
    """Django's LOGGING. `style`: json or text; requests are told one by one in JSON only, slow ones always.
    `forward`: the receiver of a copy (kemai.kit.syslog), '' for none."""
    handlers: dict[str, dict[str, object]] = {
        "stderr": {"class": "logging.StreamHandler", "formatter": style}
    }
    if forward:
        handlers["forward"] = {"()": "kemai.kit.syslog.Forward", "url": forward, "formatter": "json"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "kemai.platform.monitor.logs.Json"},
            "text": {"()": "kemai.platform.monitor.logs.Plain"},
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {
            # Django's own handlers would write tracebacks with their values
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "WARNING"},
            "kemai.request": {"level": level if style == "json" else "WARNING"},
            "kemai.security": {"level": level if style == "json" else "WARNING"},
        },
    }
