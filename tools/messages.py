"""Message catalogues: Chinese msgids in the sources, an English catalogue in every app.

    python -m tools.messages update     put new msgids into the catalogues, drop nothing that was translated
    python -m tools.messages check      fail on what lacks English, is Chinese in English, or loses a placeholder
    python -m tools.messages missing    print what lacks English as JSON, ready to be filled in as a fragment
    python -m tools.messages compile    make the .mo files that are older than their .po files

A fragment is `kemai/**/locale_fragments/<any>.en.json`, an object {msgid: English}; `update` takes from it what the
catalogue of that app lacks. A translation that must hold Chinese (the name of a language, say) carries the
translator's comment `# chinese: ok` in its .po file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

ROOT = Path(__file__).resolve().parent.parent
LOCALE = Path("locale", "en", "LC_MESSAGES", "django.po")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
SKIPPED = {"tests", "migrations", "static", "locale", "__pycache__", "node_modules"}
BRAND = "客脉"
CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60\u3000-\u303f]")
PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*[\d.]*[a-zA-Z]|%[sdrif]|\{(\w*)[^{}]*\}")
ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")


@dataclass(frozen=True, slots=True)
class Key:
    """What gettext looks a text up by."""

    id: str
    context: str | None = None


@dataclass(slots=True)
class Text:
    """One translatable text and where it stands."""

    plural: str | None = None
    places: list[tuple[str, int]] = field(default_factory=list)


def apps() -> list[Path]:
    """Folders that have a catalogue of their own: every app, and kemai/project (named in LOCALE_PATHS)."""
    return sorted({path.parent for path in (ROOT / "kemai").glob("*/apps.py")} | {ROOT / "kemai" / "project"})


def _sources(app: Path) -> Iterator[Path]:
    for path in sorted(app.rglob("*")):
        inside = path.relative_to(app).parts[:-1]
        code = path.suffix == ".py"
        page = path.suffix in {".html", ".txt", ".jinja"} and "templates" in inside
        if (code or page) and not SKIPPED.intersection(inside):
            yield path


def _extracted(path: Path) -> Iterator[tuple[int, Key, str | None]]:
    from babel.messages.extract import extract
    from jinja2.ext import babel_extract

    options = {"silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
    method = "python" if path.suffix == ".py" else babel_extract
    # babel's and jinja2's own annotations of this protocol disagree
    found = extract(method, BytesIO(path.read_bytes()), KEYWORDS, (), options)  # type: ignore[arg-type]
    for line, message, _comments, context in found:
        one, many = (message[0], message[1]) if isinstance(message, tuple) else (message, None)
        if one:
            yield line, Key(one, context), many


def extract_app(app: Path) -> dict[Key, Text]:
    """Every translatable text of an app."""
    texts: dict[Key, Text] = {}
    for path in _sources(app):
        for line, key, plural in _extracted(path):
            text = texts.setdefault(key, Text())
            text.plural = text.plural or plural
            text.places.append((str(path.relative_to(ROOT)), line))
    return texts


def _key(message: Message) -> Key:
    return Key(message.id if isinstance(message.id, str) else message.id[0], message.context)


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def read(app: Path) -> Catalog:
    """An app's English catalogue, empty if it has none yet."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = app / LOCALE
    if not path.exists():
        return Catalog(locale="en", project="Kemai")
    with path.open("rb") as file:
        return read_po(file, locale="en")


def _known(catalog: Catalog) -> dict[Key, Message]:
    """Translated messages by key, those that the sources dropped included."""
    known = {_key(message): message for message in catalog.obsolete.values()}
    known |= {_key(message): message for message in catalog if message.id}
    return {key: message for key, message in known.items() if any(_strings(message))}


def _fragments(app: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(app.glob("**/locale_fragments/*.en.json")):
        found |= {str(key): str(value) for key, value in json.loads(path.read_text("utf-8")).items()}
    return found


def _merged(texts: dict[Key, Text], known: dict[Key, Message], spare: dict[str, str]) -> Catalog:
    """A catalogue of these texts, with what is known about each; what the sources dropped becomes obsolete."""
    from babel.messages.catalog import Catalog

    fresh = Catalog(
        locale="en",
        project="Kemai",
        version="1",
        header_comment="# English. Written by `python -m tools.messages update`.",
    )
    for key, text in sorted(texts.items(), key=lambda pair: (pair[0].id, pair[0].context or "")):
        old = known.get(key)
        comments = old.user_comments if old else ()
        strings = _strings(old) if old else (spare.get(key.id, ""),)
        string = (strings * 2)[:2] if text.plural else strings[0]
        ids = (key.id, text.plural) if text.plural else key.id
        files = sorted({place for place, _line in text.places})
        fresh.add(ids, string, [(name, 0) for name in files], context=key.context, user_comments=comments)
    for key, message in known.items():
        if key not in texts:
            fresh.obsolete[(key.id, key.context) if key.context else key.id] = message
    return fresh


def _write(app: Path, catalog: Catalog) -> None:
    from babel.messages.pofile import write_po

    path = app / LOCALE
    path.parent.mkdir(parents=True, exist_ok=True)
    out = BytesIO()
    write_po(out, catalog, width=110, include_lineno=False, omit_header=False)
    noise = (
        b'"POT-Creation-Date',
        b'"PO-Revision-Date',
        b'"Generated-By',
        b'"Last-Translator',
        b'"Report-Msgid',
    )
    lines = [line for line in out.getvalue().splitlines(keepends=True) if not line.startswith(noise)]
    path.write_bytes(b"".join(lines).rstrip(b"\n") + b"\n")


def update() -> int:
    """Bring every catalogue up to date with the sources; returns how many texts still lack English."""
    catalogs = {app: read(app) for app in apps()}
    fragments = {app: _fragments(app) for app in apps()}
    everywhere: dict[str, str] = {}
    for app, catalog in catalogs.items():
        everywhere |= {
            key.id: _strings(message)[0] for key, message in _known(catalog).items() if not key.context
        }
        everywhere |= fragments[app]
    for app, catalog in catalogs.items():
        texts = extract_app(app)
        if texts or (app / LOCALE).exists():
            # the same words in two apps are translated once
            _write(app, _merged(texts, _known(catalog), everywhere | fragments[app]))
    return sum(1 for _ in missing())


def missing() -> Iterator[tuple[Path, Key, Text]]:
    """Texts in the sources without English in their app's catalogue."""
    for app in apps():
        known = {key for key, message in _known(read(app)).items() if all(_strings(message))}
        yield from ((app, key, text) for key, text in extract_app(app).items() if key not in known)


def placeholders(text: str) -> Counter[str]:
    """The placeholders of a message, named or not, with how often each occurs."""
    plain = text.replace("%%", "")
    return Counter(
        match.group(1) or match.group(2) or match.group(0) for match in PLACEHOLDER.finditer(plain)
    )


def faults(
    id_: str, plural: str | None, strings: Iterable[str], *, chinese_ok: bool = False
) -> Iterator[str]:
    """What is wrong with one translation, in words."""
    strings = list(strings)
    for index, string in enumerate(strings):
        if not string:
            continue
        if not chinese_ok and CHINESE.search(string.replace(BRAND, "")):
            yield f"Chinese characters or punctuation in English: {string!r}"
        source = plural if plural and index else id_
        want, got = set(placeholders(source)), set(placeholders(string))
        # "one customer" may leave the number out; every other form must keep all, and none may invent one
        if got - want or (want - got and not (plural and index == 0)):
            yield f"placeholders differ: {sorted(want)} became {sorted(got)}"


def problems() -> Iterator[str]:
    """Everything that makes `check` fail, as file:line message."""
    for _app, key, text in missing():
        place, line = text.places[0]
        yield f"{place}:{line} no English for {key.id!r}"
    for app in apps():
        texts = extract_app(app)
        for key, text in texts.items():
            if not CHINESE.search(key.id) and ENGLISH_WORDS.search(key.id):
                place, line = text.places[0]
                yield f"{place}:{line} msgids are Chinese, this one is English: {key.id!r}"
        for message in read(app):
            if not message.id or _key(message) not in texts:
                continue
            plural = None if isinstance(message.id, str) else message.id[1]
            allowed = any("chinese: ok" in comment for comment in message.user_comments)
            for fault in faults(_key(message).id, plural, _strings(message), chinese_ok=allowed):
                yield f"{(app / LOCALE).relative_to(ROOT)}: {_key(message).id!r}: {fault}"


def compile_catalogues() -> int:
    """Write each .mo file that is absent or older than its .po file; returns how many were written."""
    written = 0
    for po in sorted((ROOT / "kemai").glob("*/locale/*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with po.open("rb") as file:
            catalog = read_po(file, locale=po.parts[-3])
        out = BytesIO()
        write_mo(out, catalog)
        # two processes may do this at once: each replaces the file whole
        partial = mo.with_suffix(f".{os.getpid()}")
        partial.write_bytes(out.getvalue())
        partial.replace(mo)
        written += 1
    return written


def _report() -> int:
    found = list(problems())
    for problem in found:
        print(problem)
    if found:
        print(
            f"{len(found)} problems in the message catalogues; `python -m tools.messages update` adds new texts"
        )
    return 1 if found else 0


def main(arguments: list[str]) -> int:
    """Entry point."""
    verb = arguments[0] if arguments else ""
    if verb == "update":
        print(f"{update()} texts lack English")
    elif verb == "check":
        return _report()
    elif verb == "missing":
        wanted = {key.id: "" for _app, key, _text in missing()}
        print(json.dumps(wanted, ensure_ascii=False, indent=1))
    elif verb == "compile":
        compile_catalogues()
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
