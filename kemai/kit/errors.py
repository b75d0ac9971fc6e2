"""The one base class of everything that kit refuses.

Kit speaks in codes: the layer that talks to people turns ``code`` and ``params`` into a sentence.
"""

from __future__ import annotations


class KitError(ValueError):
    """A value was refused. ``code`` is a stable machine word, ``params`` what a message may name."""

    code: str
    params: dict[str, object]

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        if not self.params:
            return self.code
        return f"{self.code} {self.params!r}"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by positional args; ours live in keywords (workers send errors across processes).
        return (_rebuild, (type(self), self.code, self.params))


def _rebuild(cls: type[KitError], code: str, params: dict[str, object]) -> KitError:
    return cls(code, **params)
