"""The whole configuration as one readable file: written, compared with what runs, rehearsed, taken over, taken back."""

from kemai.platform.define.config.apply import Outcome, import_file, rehearse, take_back
from kemai.platform.define.config.parts import Part, parts, register
from kemai.platform.define.config.plan import Step, plan
from kemai.platform.define.config.text import BadFile, dump, export, load

__all__ = [
    "BadFile",
    "Outcome",
    "Part",
    "Step",
    "dump",
    "export",
    "import_file",
    "load",
    "parts",
    "plan",
    "register",
    "rehearse",
    "take_back",
]
