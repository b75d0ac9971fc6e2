"""Render the design system with sample data and no server, for looking at and for the picture check.

Usage: python frontend/gallery/render.py [out=/tmp/gallery] ; then open or screenshot the pages in out/.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import jinja2

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TEMPLATES = ROOT / "kemai/platform/ui/templates"
DIST = ROOT / "kemai/platform/ui/static/dist"
sys.path.insert(0, str(HERE))
from data import PAGES, shell  # noqa: E402


def environment(english: dict[str, str] | None) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, HERE]),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.ChainableUndefined,
    )
    words = english or {}
    env.install_gettext_callables(lambda s: words.get(s, s), lambda s, p, n: words.get(s, s), newstyle=False)  # type: ignore[attr-defined]
    env.globals.update(
        url=lambda name, *args, **kw: "#",
        static=lambda path: path.replace("dist/", "static/"),
        csrf_token="x" * 64,
        csrf_input=jinja2.utils.markupsafe.Markup(""),
    )
    return env


def main(out: Path) -> None:
    import json

    english = json.loads((ROOT / "kemai/platform/ui/locale_fragments/frontend.en.json").read_text())
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "static", ignore_errors=True)
    shutil.copytree(DIST, out / "static")
    for lang, words in (("zh-hans", None), ("en", english)):
        env = environment(words)
        for name, (template, context) in PAGES.items():
            for theme in ("light", "dark"):
                env.globals["shell"] = shell(lang, theme)
                html = env.get_template(template).render(LANGUAGE_CODE=lang, **context)
                (out / f"{name}-{lang[:2]}-{theme}.html").write_text(html)
    print(f"{len(PAGES) * 4} pages in {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/gallery"))
