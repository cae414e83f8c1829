"""What a plugin raises to say what went wrong, by what took effect."""

from typing import Optional


class PluginError(Exception):
    """The base of the four below; raise one of those."""

    code = -32603


class Refused(PluginError):
    """The switch said no, and nothing of this work took effect.

    With ``"atomicity": "per_command"`` steps before the refused one may have; Mercury then reads
    the ports and takes them back.
    """

    code = -32000

    def __init__(self, answer: str, operation: Optional[str] = None) -> None:
        super().__init__(answer)
        self.operation = operation


class Unreachable(PluginError):
    """The switch cannot be reached, and nothing was sent."""

    code = -32001


class Unsupported(PluginError):
    """The plugin cannot do this, and nothing was sent."""

    code = -32002


class Unknown(PluginError):
    """Something was sent, and nobody knows what took effect: a time-out, a broken connection."""

    code = -32003
