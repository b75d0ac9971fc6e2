"""Tokens into a tree, by recursive descent.

formula    = or
or         = and { ("or" | "或") and }
and        = not { ("and" | "且") not }
not        = ("not" | "非") not | comparison
comparison = joined [ ("=" | "<>" | "<" | "<=" | ">" | ">=") joined ]
joined     = sum { "&" sum }
sum        = product { ("+" | "-") product }
product    = sign { ("*" | "/") sign }
sign       = ("-" | "+") sign | percent
percent    = value { "%" }
value      = number | text | true | false | empty | field | function "(" [ formula { "," formula } ] ")"
           | "(" formula ")"
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from kemai.kit.formula.nodes import Call, FormulaError, Literal, Name, Parsed, Span
from kemai.kit.formula.tokens import Token, tokens

MAX_DEPTH = 40
MAX_NODES = 400
CONSTANTS: dict[str, bool | None] = {
    "TRUE": True, "真": True, "FALSE": False, "假": False, "EMPTY": None, "空": None,
}  # fmt: skip
INFIX = {"AND": "and", "且": "and", "OR": "or", "或": "or", "NOT": "not", "非": "not"}
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
MANY = frozenset({"&", "and", "or"})


def parse(text: str) -> Parsed:
    """The tree of a formula. Raises FormulaError."""
    return Parser(tokens(text)).whole()


class Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.place = 0
        self.depth = 0
        self.nodes = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.place]

    def step(self) -> Token:
        token = self.now
        self.place += 1
        return token

    def whole(self) -> Parsed:
        if self.now.kind == "end":
            raise FormulaError("empty_formula")
        tree = self.deeper(self.either)
        if self.now.kind != "end":
            raise FormulaError("expected_operator", *self.now.span, text=shown(self.now))
        return tree

    def deeper(self, part: Callable[[], Parsed]) -> Parsed:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError("too_deep", *self.now.span, limit=MAX_DEPTH)
        tree = part()
        self.depth -= 1
        return tree

    def count(self, span: Span) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise FormulaError("too_complex", *span, limit=MAX_NODES)

    def operation(self, name: str, head: Span, *args: Parsed) -> Call:
        self.count(head)
        start = min(head.start, args[0].span.start)
        end = max(head.end, args[-1].span.end)
        return Call(name, args, Span(start, end), head, operator=True)

    def operator(self) -> str:
        """The operator that stands here, '' for none. NOT before a bracket is the function, which means the same."""
        token = self.now
        if token.kind == "op":
            return token.text
        name = INFIX.get(token.text.upper(), "") if token.kind == "word" else ""
        if name == "not" and self.tokens[self.place + 1].text == "(":
            return ""
        return name

    def chain(self, allowed: frozenset[str], part: Callable[[], Parsed]) -> Parsed:
        """`part { operator part }`, grouped from the left."""
        tree = part()
        while (name := self.operator()) in allowed:
            head = self.step().span
            tree = self.operation(name, head, *flat(name, tree), part())
        return tree

    def either(self) -> Parsed:
        return self.chain(frozenset({"or"}), self.both)

    def both(self) -> Parsed:
        return self.chain(frozenset({"and"}), self.negated)

    def negated(self) -> Parsed:
        if self.operator() == "not":
            head = self.step().span
            return self.operation("not", head, self.deeper(self.negated))
        return self.comparison()

    def comparison(self) -> Parsed:
        left = self.joined()
        name = self.operator()
        if name not in COMPARISONS:
            return left
        head = self.step().span
        tree = self.operation(name, head, left, self.joined())
        if self.operator() in COMPARISONS:
            raise FormulaError("chained_comparison", *self.now.span)
        return tree

    def joined(self) -> Parsed:
        return self.chain(frozenset({"&"}), self.sum)

    def sum(self) -> Parsed:
        return self.chain(frozenset({"+", "-"}), self.product)

    def product(self) -> Parsed:
        return self.chain(frozenset({"*", "/"}), self.sign)

    def sign(self) -> Parsed:
        if self.operator() in {"-", "+"}:
            token = self.step()
            arg = self.deeper(self.sign)
            return arg if token.text == "+" else self.operation("neg", token.span, arg)
        return self.percent()

    def percent(self) -> Parsed:
        tree = self.value()
        while self.operator() == "%":
            head = self.step().span
            self.count(head)
            tree = Call("%", (tree,), Span(tree.span.start, head.end), head, operator=True)
        return tree

    def value(self) -> Parsed:
        token = self.step()
        self.count(token.span)
        if token.kind == "number":
            return Literal(Decimal(token.text), token.span)
        if token.kind == "text":
            return Literal(token.text, token.span)
        if token.kind in {"label", "key"}:
            return Name(token.text, token.kind, token.span)
        if token.kind == "word":
            return self.word(token)
        if token.kind == "op" and token.text == "(":
            tree = self.deeper(self.either)
            self.close(token)
            return tree
        raise FormulaError("expected_value", *token.span, text=shown(token))

    def word(self, token: Token) -> Parsed:
        if self.now.kind == "op" and self.now.text == "(":
            return self.call(token)
        if token.text.upper() in CONSTANTS:
            return Literal(CONSTANTS[token.text.upper()], token.span)
        return Name(token.text, "word", token.span)

    def call(self, head: Token) -> Parsed:
        opening = self.step()
        args: list[Parsed] = []
        if not self.at(")"):
            args.append(self.deeper(self.either))
            while self.at(","):
                self.step()
                args.append(self.deeper(self.either))
        end = self.close(opening)
        return Call(head.text, tuple(args), Span(head.span.start, end.span.end), head.span)

    def at(self, mark: str) -> bool:
        return self.now.kind == "op" and self.now.text == mark

    def close(self, opening: Token) -> Token:
        if self.at(")"):
            return self.step()
        if self.now.kind == "end":
            raise FormulaError("unclosed_bracket", *opening.span)
        raise FormulaError("expected_operator", *self.now.span, text=shown(self.now))


def flat(name: str, tree: Parsed) -> tuple[Parsed, ...]:
    """A chain of the same operator is one operation on many, so that a long one is not a deep one."""
    same = name in MANY and isinstance(tree, Call) and tree.operator and tree.name == name
    return tree.args if same and isinstance(tree, Call) else (tree,)


def shown(token: Token) -> str:
    return {"label": f"[{token.text}]", "key": f"{{{token.text}}}"}.get(token.kind, token.text)[:40]
