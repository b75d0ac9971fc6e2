"""The file: YAML in a fixed order, so that two exports differ only where the configuration does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from django.utils.translation import gettext as _

from kemai.platform.define.config.parts import parts, read_all
from kemai.platform.fields import listed
from kemai.platform.models import ConfigChange

FORMAT = 1
MOST_BYTES = 4_000_000


class BadFile(Exception):
    """A file that cannot be read as a configuration; `message` says where and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Loader(yaml.SafeLoader):
    """Without references: a few lines of them stand for millions of values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            said = {"line": event.start_mark.line + 1, "name": str(event.anchor)[:40]}
            raise BadFile(_("第 %(line)s 行：不能用引用（*%(name)s）") % said)
        return super().compose_node(parent, index)


class Dumper(yaml.SafeDumper):
    """Lists are indented below their key, and nothing is shortened by references."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def export() -> str:
    return dump(read_all())


def dump(states: Mapping[str, Mapping[str, Any]]) -> str:
    newest = ConfigChange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found: dict[str, Any] = {"kemai": FORMAT, "as_of": newest}
    for part in parts():
        held = dict(sorted(states.get(part.key, {}).items()))
        found[part.key] = nest(held) if part.nested else {place: tidy(state) for place, state in held.items()}
    body: str = yaml.dump(found, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=110)
    head = _("客脉配置：对象、字段、布局、角色、共享视图和业务设置。可以比较，修改后再导入。")
    return f"# {head}\n{body}"


def tidy(state: Any) -> Any:
    """Without what says nothing: empty texts, lists and noes are what a missing property means."""
    if isinstance(state, Mapping):
        kept = {str(key): tidy(value) for key, value in state.items()}
        return {key: value for key, value in kept.items() if value not in (None, "", [], {}, False)}
    if isinstance(state, list | tuple):
        return [tidy(one) for one in state]
    return state


def nest(states: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for place, state in states.items():
        outer, _dot, inner = place.partition(".")
        found.setdefault(outer, {})[inner] = tidy(state)
    return found


def load(text: str) -> tuple[dict[str, dict[str, Any]], int]:
    """({part: {place: state}}, number of the last change it knew of) of a file; parts that it leaves out are not in it.
    Raises BadFile."""
    if len(text.encode()) > MOST_BYTES:
        raise BadFile(_("文件太大，配置文件最多 4 MB"))
    try:
        found = yaml.load(text, Loader=Loader)  # noqa: S506 - safe, and narrower still
    except RecursionError:
        raise BadFile(_("文件里的内容嵌套得太深")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise BadFile(_("第 %(line)s 行不是正确的 YAML：%(problem)s") % {
            "line": line, "problem": getattr(error, "problem", "") or "",
        }) from error  # fmt: skip
    if not isinstance(found, Mapping) or "kemai" not in found:
        raise BadFile(_("这不是客脉的配置文件：开头应有 kemai: 1"))
    if found["kemai"] != FORMAT:
        raise BadFile(_("这个配置文件的格式是 %(n)s，当前版本只能读 1") % {"n": str(found["kemai"])[:20]})
    states = {
        part.key: flatten(part.key, found[part.key], nested=part.nested)
        for part in parts()
        if part.key in found
    }
    unknown = set(map(str, found)) - {"kemai", "as_of"} - {part.key for part in parts()}
    if unknown:
        raise BadFile(_("不认识的部分：%(names)s") % {"names": listed(sorted(unknown))[:200]})
    as_of = found.get("as_of")
    return states, as_of if isinstance(as_of, int) else 0


def flatten(key: str, held: Any, *, nested: bool) -> dict[str, Any]:
    if held is None:
        return {}
    if not isinstance(held, Mapping):
        raise BadFile(_("“%(part)s”下面应该是名称和内容") % {"part": key})
    if not nested:
        return {str(place): state for place, state in held.items()}
    found = {}
    for outer, inner in held.items():
        if inner is not None and not isinstance(inner, Mapping):
            raise BadFile(_("“%(part)s”下面应该是名称和内容") % {"part": f"{key}.{outer}"})
        found.update({f"{outer}.{place}": state for place, state in (inner or {}).items()})
    return found
