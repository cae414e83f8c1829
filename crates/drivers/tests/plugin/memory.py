#!/usr/bin/env python3
"""A switch in a file, which can do all that the protocol has words for.

settings: `file`, where the state is kept over restarts; `ports`, the names of its ports;
`atomicity`, what it claims.
"""

import json
import os

from mercury_plugin import Plugin, Refused, closed, port, run


class Memory(Plugin):
    name = "memory"
    version = "1.0"

    def start(self, switch, settings, secrets):
        self.file = settings["file"]
        self.capabilities = {
            "access": True, "trunk": True, "native_on_trunk": True, "hybrid": "own",
            "closed": True, "port_shut": True, "description": True, "mtu": True,
            "stp_edge": True, "bpdu_guard": True,
            "lag": {"active": True, "passive": True, "static": True, "max_members": 8,
                    "across_pair": True,
                    "naming": {"numbered": {"prefix": "Port-Channel"}}},
            "vlan_database": "explicit", "vxlan": True, "saving": "explicit",
            "atomicity": settings.get("atomicity", "transaction"),
        }
        if not os.path.exists(self.file):
            fresh = {name: port(closed(), admin="up") for name in settings.get("ports", ["p1", "p2"])}
            self.write({"ports": fresh, "lags": {}, "vlans": {}})

    def state(self):
        with open(self.file, encoding="utf-8") as file:
            return json.load(file)

    def write(self, state):
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(self.file + ".new", self.file)

    def observe(self, query):
        state = self.state()
        ports = {name: state["ports"][name] for name in query.ports if name in state["ports"]}
        wanted = set(query.lags) | {one["lag"] for one in ports.values() if "lag" in one}
        vlans = {str(vlan) for vlan in query.vlans}
        seen = {
            "ports": ports,
            "lags": {name: lag for name, lag in state["lags"].items() if name in wanted},
            "vlans": {vlan: kept for vlan, kept in state["vlans"].items() if vlan in vlans},
            "status": {name: {"link": "up"} for name in ports},
            "lag_names": list(state["lags"]) if query.lag_names else [],
        }
        if query.pair_ids:
            numbers = {name: lag["settings"].get("pair") for name, lag in state["lags"].items()}
            seen["pair_ids"] = {name: number for name, number in numbers.items() if number}
        if query.all_vlans:
            seen["all_vlans"] = state["vlans"]
        return seen

    def apply(self, work):
        state = self.state()
        for name, after in work.changed_ports():
            if name not in state["ports"]:
                raise Refused(f"there is no port {name}", operation=f"configure {name}")
            state["ports"][name] = after
        for kind in ("lags", "vlans"):
            for name in work.before.get(kind, {}):
                state[kind].pop(name, None)
            state[kind].update(work.after.get(kind, {}))
        self.write(state)
        return [change["change"] for change in work.changes]

    def save(self):
        return ["saved"]


if __name__ == "__main__":
    run(Memory())
