"""The kernel command line: text to parameters and back; and foreign text made fit to be shown (`showing`).

Imports nothing of ours.
"""

from .format import format_line
from .model import MAX_BYTES, CommandLine, CommandLineError, Message, Parameter, canonical
from .parse import parse
from .showing import showable, showable_json, showable_lines

__all__ = [
    "MAX_BYTES",
    "CommandLine",
    "CommandLineError",
    "Message",
    "Parameter",
    "canonical",
    "format_line",
    "parse",
    "showable",
    "showable_json",
    "showable_lines",
]
