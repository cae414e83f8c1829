"""The protocol: one request a line in, one answer a line out."""

import json
import os
import sys
import traceback
from typing import IO, Any, Callable, Dict, List, Optional, Tuple

from .errors import PluginError, Refused, Unknown, Unsupported
from .plugin import Plugin
from .shapes import BadParams, Query, Work

PROTOCOL = 1
"""The version of the protocol that is spoken here."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

Params = Dict[str, Any]


def run(plugin: Plugin) -> None:
    """Serves until the input ends, or ``close`` was asked; then the program should end.

    Standard output belongs to the protocol. What the plugin prints, or what a program prints that
    it starts, goes to standard error instead, and so into Mercury's log.
    """
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(plugin, sys.stdin.buffer, answers)


def serve(plugin: Plugin, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers each line of ``requests`` with one of ``answers``."""
    server = Server(plugin)
    while not server.closed:
        line = requests.readline()
        # What does not end with a line feed was given up by who wrote it.
        if not line.endswith(b"\n"):
            break
        answer = json.dumps(server.answer(line), separators=(",", ":"))
        data = memoryview(answer.encode("utf-8") + b"\n")
        while data:
            written = answers.write(data)
            data = data[len(data) if written is None else written :]
        answers.flush()
    if server.started and not server.closed:
        plugin.close()


class Wrong(Exception):
    """A request that makes no sense."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """A plugin with the state of its conversation."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self.started = False
        self.closed = False
        self.methods: Dict[str, Callable[[Params], Params]] = {
            "describe": self.describe,
            "observe": self.observe,
            "apply": self.apply,
            "save": self.save,
            "resolve": self.resolve,
            "close": self.close,
        }

    def answer(self, line: bytes) -> Dict[str, Any]:
        """The answer to a line."""
        number: Any = None
        try:
            number, method, params = parse(line)
            handler = self.methods.get(method)
            if handler is None:
                raise Wrong(METHOD_NOT_FOUND, f"there is no method `{method}`")
            if not self.started and method not in ("describe", "close"):
                raise Wrong(INVALID_REQUEST, f"`{method}` comes before `describe`")
            result = handler(params)
        except Wrong as error:
            return failure(number, error.code, str(error))
        except PluginError as error:
            return failure(number, error.code, str(error))
        except BadParams as error:
            return failure(number, INVALID_PARAMS, str(error))
        except ValueError as error:
            traceback.print_exc(file=sys.stderr)
            return failure(number, INVALID_PARAMS, str(error))
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return failure(number, INTERNAL_ERROR, f"{type(error).__name__}: {error}")
        return {"jsonrpc": "2.0", "id": number, "result": result}

    def describe(self, params: Params) -> Params:
        if params.get("protocol") != PROTOCOL:
            raise Wrong(INVALID_PARAMS, f"only version {PROTOCOL} of the protocol is spoken here")
        settings, secrets = params.get("settings", {}), params.get("secrets", {})
        plugin = self.plugin
        plugin.start(params.get("switch", ""), settings, secrets)
        self.started = True
        description = {
            "protocol": PROTOCOL,
            "name": plugin.name or type(plugin).__name__,
            "port_naming": plugin.port_naming,
            "capabilities": plugin.capabilities,
        }
        if plugin.version is not None:
            description["version"] = plugin.version
        return description

    def observe(self, params: Params) -> Params:
        return dict(self.plugin.observe(Query(params)))

    def apply(self, params: Params) -> Params:
        works = params.get("works")
        if not isinstance(works, list) or not all(isinstance(work, dict) for work in works):
            raise Wrong(INVALID_PARAMS, "`works` is no list of objects")
        checked = [Work(work) for work in works]
        try:
            return {"outcomes": self.plugin.apply_batch(checked)}
        except PluginError:
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            raise Unknown(f"{type(error).__name__}: {error}") from error

    def save(self, _: Params) -> Params:
        return {"answers": self.plugin.save()}

    def resolve(self, params: Params) -> Params:
        text = params.get("text")
        if not isinstance(text, str):
            raise Wrong(INVALID_PARAMS, "`text` is no text")
        return {"matches": self.plugin.resolve(text)}

    def close(self, _: Params) -> Params:
        self.closed = True
        if self.started:
            self.plugin.close()
        return {}


def parse(line: bytes) -> Tuple[Any, str, Params]:
    """The id, method and parameters of a request."""
    try:
        request = json.loads(line)
    except ValueError as error:
        raise Wrong(PARSE_ERROR, f"the line is not JSON: {error}") from None
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0" or "id" not in request:
        raise Wrong(INVALID_REQUEST, "the line is no JSON-RPC 2.0 request")
    method, params = request.get("method"), request.get("params", {})
    if not isinstance(method, str):
        raise Wrong(INVALID_REQUEST, "`method` is no text")
    if not isinstance(params, dict):
        raise Wrong(INVALID_PARAMS, "`params` is no object")
    return request["id"], method, params


def failure(number: Any, code: int, message: str) -> Dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def outcome(plugin: Plugin, work: Work) -> Dict[str, Any]:
    """What becomes of one work."""
    try:
        operations: Optional[List[str]] = plugin.apply(work)
    except Refused as error:
        refused = {"outcome": "refused", "answer": str(error)}
        return refused if error.operation is None else {**refused, "operation": error.operation}
    except Unsupported as error:
        return {"outcome": "unsupported", "what": str(error)}
    except PluginError as error:
        if error.code == Unknown.code:
            return {"outcome": "unknown", "why": str(error)}
        return {"outcome": "refused", "answer": str(error)}
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return {"outcome": "unknown", "why": f"{type(error).__name__}: {error}"}
    return {"outcome": "done", "operations": operations or []}
