"""What a kind of field is: one class answers for parsing, showing, masking, filtering, importing and documenting it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from random import Random
from typing import Any, ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kemai.platform.fields.exchange import Exchange
from kemai.platform.models import Option
from kemai.platform.models.sealed import current as seal
from kemai.platform.models.sealed import unreadable

Label = str | Promise


class Invalid(Exception):
    """A value that cannot be accepted. `message` is for the person who typed it, in their language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def listed(words: Iterable[object]) -> str:
    """Several words in a row, as the reader's language sets them apart."""
    return _("、").join(map(str, words))


def clauses(sentences: Iterable[object]) -> str:
    """Several sentences in one, as the reader's language sets them apart."""
    return _("；").join(map(str, sentences))


class Ref(NamedTuple):
    """A reference as it is shown: the key of the other record and its title."""

    id: int
    title: str


class Operator(NamedTuple):
    """How a field is compared. `arity`: '0' no value, '1' one, '2' two, 'many' a list, 'days' a number of days."""

    key: str
    label: Label
    arity: str = "1"


OPERATORS: Mapping[str, Operator] = {
    operator.key: operator
    for operator in (
        Operator("eq", pgettext_lazy("operator", "是")),
        Operator("ne", gettext_lazy("不是")),
        Operator("in", gettext_lazy("属于"), "many"),
        Operator("not_in", gettext_lazy("不属于"), "many"),
        Operator("contains", gettext_lazy("包含")),
        Operator("not_contains", gettext_lazy("不包含")),
        Operator("starts", gettext_lazy("开头是")),
        Operator("lt", gettext_lazy("小于")),
        Operator("lte", gettext_lazy("不大于")),
        Operator("gt", gettext_lazy("大于")),
        Operator("gte", gettext_lazy("不小于")),
        Operator("between", gettext_lazy("介于"), "2"),
        Operator("before", gettext_lazy("早于")),
        Operator("after", gettext_lazy("晚于")),
        Operator("last", gettext_lazy("近 N 天内"), "days"),
        Operator("older", gettext_lazy("早于 N 天前"), "days"),
        Operator("next", gettext_lazy("未来 N 天内"), "days"),
        Operator("this", gettext_lazy("在本期")),
        Operator("within", gettext_lazy("位于"), "many"),
        Operator("not_within", gettext_lazy("不位于"), "many"),
        Operator("has_any", gettext_lazy("含任一"), "many"),
        Operator("has_all", gettext_lazy("含全部"), "many"),
        Operator("has_none", gettext_lazy("不含"), "many"),
        Operator("empty", gettext_lazy("为空"), "0"),
        Operator("not_empty", gettext_lazy("不为空"), "0"),
    )
}


WHOLE = frozenset({"eq", "ne", "in", "not_in", "empty", "not_empty"})
"""How what is encrypted can be compared."""


class Test(NamedTuple):
    """A comparison reduced to one of a few core kinds that every compiler knows; always true or false, never unknown.

    kind: 'in' (values) | 'range' (low, high, low included, high included; None = open) | 'contains' | 'starts' |
    'empty' | 'has_any' | 'has_all'. `negate` turns the answer round; an empty value fails every core kind but 'empty'.
    """

    kind: str
    args: tuple[Any, ...] = ()
    negate: bool = False


@dataclass(frozen=True)
class Moment:
    """When and for whom a condition is read: relative dates and "me" are resolved against it."""

    now: datetime
    zone: tzinfo
    user_id: int | None = None


@dataclass(frozen=True)
class Own:
    """What an administrator said of a field made on screen, beyond what every field has."""

    kind: str
    """The kind as defined; a formula's or roll-up's values are those of another."""
    letter: str
    """How it is stored: platform.models.extra."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    show_if: Mapping[str, Any] | None = None
    require_if: Mapping[str, Any] | None = None
    rule: str = ""
    rule_message: str = ""
    index: str = "none"
    computed: bool = False
    broken: Label = ""
    """Why it cannot be used; '' where it can."""


LEVELS = ("general", "personal", "sensitive", "secret")
"""一般, 个人, 敏感, 商业秘密: how a field is handled, docs/inventories.md."""
SENSITIVE_KINDS = frozenset({"id_number"})


@dataclass(frozen=True)
class FieldSpec:
    """One field of an object type, derived from its model column (or declared, for computed ones, or defined on
    screen, for own ones)."""

    key: str
    path: str
    """The ORM path of the column from the record: "name", "facts__amount_12m", "owner"."""
    label: Label
    type: FieldType
    required: bool = False
    unique: bool = False
    readonly: bool = False
    private: bool = False
    """Never on a generic surface (API, import, filters) unless it is named in the object type itself."""
    personal: bool = False
    """Masked for those without the right to see it."""
    classified: str = ""
    """Its level where that does not follow from what else is said of it: one of LEVELS."""
    nullable: bool = False
    deadline: bool = False
    """A day by which something has to be done."""
    month: bool = False
    """A month, by its first day."""
    sortable: bool = False
    sort_path: str = ""
    help: Label = ""
    default: Any = None
    options: Sequence[Option] = ()
    ref: str = ""
    """The key of the object type that a reference points to."""
    ref_title: str = ""
    refs: str = ""
    """The key of the object type that several references point to."""
    max_length: int | None = None
    bare: bool = False
    """An amount in a currency that another field names: shown without a sign."""
    exchange: Exchange | None = field(default=None, compare=False)
    """How such an amount is converted before it is added to others."""
    part: str = ""
    compute: Callable[[Mapping[str, Any]], Any] | None = field(default=None, compare=False)
    """A computed field: a pure function of the record's other values."""
    columns: tuple[FieldSpec, ...] = ()
    """The columns of a sub-table."""
    sealed: bool = False
    """Its values lie encrypted in the database where there is a key (docs/adr/061)."""
    own: Own | None = field(default=None, compare=False)
    """Set for fields that were made on screen: their values stand in the record's `extra`."""

    @property
    def level(self) -> str:
        """How far what stands in it is to be protected."""
        if self.classified:
            return self.classified
        if self.private:
            return "secret"
        if self.type.key in SENSITIVE_KINDS:
            return "sensitive"
        return "personal" if self.personal else "general"

    @property
    def refers(self) -> bool:
        """Does it hold the key of one other record?"""
        return bool(self.ref) or self.type.key in {"user", "file"}

    @property
    def value_path(self) -> str:
        """The ORM path of what is compared, grouped and sorted: of a reference its key."""
        return f"{self.path}_id" if self.refers and self.own is None else self.path

    @property
    def shown_options(self) -> tuple[Option, ...]:
        """Those that may be chosen anew."""
        return tuple(option for option in self.options if not option.archived)

    @property
    def encrypted(self) -> bool:
        """Only whole values can be looked for, and nothing can be worked out of them."""
        return self.sealed and (self.own is not None or seal() is not None)

    @property
    def compared(self) -> tuple[str, ...]:
        """The keys of the operators."""
        found = self.type.operators
        return tuple(op for op in found if op in WHOLE) if self.encrypted else found

    @property
    def operators(self) -> tuple[Operator, ...]:
        return tuple(OPERATORS[key] for key in self.compared)

    def option(self, value: object) -> Option | None:
        return next((option for option in self.options if option.value == value), None)


class FieldType:
    """The base of all kinds. Values in Python form travel inside; `parse` is the way in, `text` and `json` lead out."""

    key: ClassVar[str] = ""
    widget: ClassVar[str] = "text"
    numeric: ClassVar[bool] = False
    operators: ClassVar[tuple[str, ...]] = ("empty", "not_empty")
    storage: ClassVar[str] = "string"
    """The column kind in the analytical store: string, int64, float64, boolean, timestamp, date, cents."""

    def paths(self, spec: FieldSpec) -> tuple[str, ...]:
        """The ORM paths whose values make this field's value."""
        return (spec.path,)

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        """The Python value out of the values of `paths`."""
        return values[0]

    def is_empty(self, value: Any) -> bool:
        return value is None or value == ""

    def empty(self, spec: FieldSpec) -> Any:
        return None if spec.nullable else ""

    def parse(self, raw: object, spec: FieldSpec) -> Any:
        """The Python value of something from outside: a form's text, a JSON value, a spreadsheet's cell.

        Raises Invalid with a sentence that says what to do."""
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return self.empty(spec)
        if spec.sealed and raw == unreadable():  # what stands on the screen for it is not a new value
            raise Invalid(_("原来的值无法解密：请先联系管理员；确定不要它时，清空后重新填写"))
        return self.parse_filled(raw, spec)

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        return clean_text(raw)

    def store(self, value: Any) -> Any:
        """What the model's attribute takes."""
        return value

    def text(self, value: Any, spec: FieldSpec) -> str:
        """For people and spreadsheets, in the language of the moment."""
        return "" if value is None else str(value)

    def json(self, value: Any) -> Any:
        return value

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        """What stands in a form's control."""
        return "" if value is None else value

    def mask(self, value: Any) -> Any:
        return "***" if value not in (None, "") else value

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        """The JSON schema of the field's value."""
        return {"type": ["string", "null"] if spec.nullable else "string"}

    def guess(self, samples: Sequence[object]) -> float:
        """How far a column of an import looks like this kind, from 0 to 1, by its content alone."""
        return 0.0

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return None if spec.nullable else ""

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        """The core test of a comparison; `value` has been shaped by the operator's arity. Raises Invalid."""
        match op:
            case "empty":
                return Test("empty")
            case "not_empty":
                return Test("empty", negate=True)
            case "eq":
                return Test("in", (self.operand(value, spec, moment),))
            case "ne":
                return Test("in", (self.operand(value, spec, moment),), negate=True)
            case "in":
                return Test("in", tuple(self.operand(one, spec, moment) for one in value))
            case "not_in":
                return Test("in", tuple(self.operand(one, spec, moment) for one in value), negate=True)
        raise Invalid(_("不支持的比较方式：%(op)s") % {"op": op})

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        """A value to compare with."""
        value = self.parse(raw, spec)
        if self.is_empty(value):
            raise Invalid(_("请填写要比较的值"))
        return value


CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)} | {
    127: None,
    0x200B: None,
    0xFEFF: None,
}


def clean_text(raw: object) -> str:
    """Text as it may be stored: no control characters, no lone surrogates (they break the database), trimmed."""
    text = raw if isinstance(raw, str) else plain_number(raw)
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8", "ignore")
    return text.translate(CONTROL).strip()


def plain_number(raw: object) -> str:
    """A spreadsheet gives 13800138000 as a float: people mean the digits, not "13800138000.0"."""
    if isinstance(raw, bool):
        return _("是") if raw else _("否")
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return str(raw)
