"""The kernel command line: text to parameters and back, nothing else. Imports nothing of ours."""

from .format import format_line
from .model import MAX_BYTES, CommandLine, CommandLineError, Message, Parameter, canonical
from .parse import parse

__all__ = ["MAX_BYTES", "CommandLine", "CommandLineError", "Message", "Parameter", "canonical", "format_line", "parse"]
