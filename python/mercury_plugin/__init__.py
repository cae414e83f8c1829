"""Write a switch driver for Mercury in Python.

A driver is a subclass of :class:`Plugin` that reads ports and changes them; :func:`run` speaks the
protocol. Mercury plans, verifies, undoes, asks the policy, records and keeps the time.

    from mercury_plugin import Plugin, access, port, run

    class MySwitch(Plugin):
        name = "my-switch"
        capabilities = {"access": True}

        def observe(self, query):
            return {"ports": {name: port(access(self.vlan_of(name))) for name in query.ports}}

        def apply(self, work):
            for name, state in work.changed_ports():
                self.put_into(name, state["config"]["vlans"]["vlan"])
            return ["what was sent, for the audit log"]

    run(MySwitch())
"""

from .errors import PluginError, Refused, Unknown, Unreachable, Unsupported
from .plugin import Plugin
from .serve import PROTOCOL, run
from .shapes import (
    Capabilities,
    LagState,
    Observation,
    PortConfig,
    PortState,
    PortStatus,
    Query,
    Slice,
    VlanMode,
    Work,
    access,
    closed,
    hybrid,
    other,
    port,
    trunk,
    vlan_ids,
    vlan_text,
)

__version__ = "0.1.0"

__all__ = [
    "PROTOCOL",
    "Capabilities",
    "LagState",
    "Observation",
    "Plugin",
    "PluginError",
    "PortConfig",
    "PortState",
    "PortStatus",
    "Query",
    "Refused",
    "Slice",
    "Unknown",
    "Unreachable",
    "Unsupported",
    "VlanMode",
    "Work",
    "access",
    "closed",
    "hybrid",
    "other",
    "port",
    "run",
    "trunk",
    "vlan_ids",
    "vlan_text",
]
