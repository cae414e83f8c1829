#!/usr/bin/env python3
"""Drives Open vSwitch with `ovs-vsctl`: access, trunk and closed ports, and descriptions.

    [switch.leaf-01.plugin]
    command = ["/usr/lib/mercury/plugins/ovs_vsctl.py"]
    settings = { database = "unix:/run/openvswitch/db.sock", bridge = "br0" }
"""

import json
import subprocess

from mercury_plugin import (Plugin, Refused, access, closed, other, port, run, trunk, vlan_ids)

NOTHING = 4095  # On no wire (IEEE 802.1Q): an empty `trunks` would mean all VLANs.


class OvsVsctl(Plugin):
    name = "ovs-vsctl"
    capabilities = {"access": True, "trunk": True, "native_on_trunk": True, "hybrid": "as_trunk",
                    "closed": True, "description": True, "atomicity": "transaction"}

    def start(self, switch, settings, secrets):
        database = settings.get("database", "unix:/run/openvswitch/db.sock")
        self.command = ["/usr/bin/ovs-vsctl", "--timeout=5", f"--db={database}", "--format=json"]
        self.bridge = settings.get("bridge", "br0")

    def vsctl(self, *words):
        done = subprocess.run([*self.command, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr.strip(), operation=" ".join(words))
        return done.stdout

    def observe(self, query):
        known = self.vsctl("list-ports", self.bridge).split()
        there = [name for name in query.ports if name in known]
        if not there:
            return {}
        columns = "--columns=name,vlan_mode,tag,trunks,external_ids"
        rows = json.loads(self.vsctl(columns, "list", "port", *there))["data"]
        return {"ports": {row[0]: self.read(*row[1:]) for row in rows}}

    def read(self, mode, tag, trunks, ids):
        mode, tag, trunks = column(mode), column(tag), column(trunks)
        if mode in ([], ["access"]) and tag and not trunks:
            vlans = access(tag[0])
        elif mode in ([], ["trunk"]) and not tag and trunks:
            vlans = closed() if trunks == [NOTHING] else trunk(trunks)
        elif mode == ["native-untagged"] and tag and trunks:
            vlans = trunk(trunks, native=tag[0])
        else:
            vlans = other(json.dumps([mode, tag, trunks]))
        return port(vlans, description=dict(ids[1]).get("mercury-description"))

    def apply(self, work):
        operations = []
        for name, state in work.changed_ports():
            mode, tag, trunks = self.write(state["config"]["vlans"])
            text = state["config"].get("description")
            operations.append(f"set port {name} vlan_mode={mode} tag={tag} trunks={trunks}".split())
            operations.append(["remove", "port", name, "external_ids", "mercury-description"])
            if text:
                operations.append(["set", "port", name, f"external_ids:mercury-description={json.dumps(text)}"])
        if operations:  # One invocation is one transaction: all of the work, or nothing.
            self.vsctl(*[word for words in operations for word in ["--", *words]])
        return [" ".join(words) for words in operations]

    def write(self, vlans):
        allowed = sorted(vlan_ids(vlans.get("allowed", "")))
        if vlans["mode"] == "access":
            return "access", vlans["vlan"], "[]"
        if vlans["mode"] == "other":
            return [str(value).replace(" ", "").replace("'", "") for value in json.loads(vlans["text"])]
        native = [vlans["native"]] if "native" in vlans else []
        trunks = ",".join(map(str, allowed + native or [NOTHING]))
        return ("native-untagged", native[0], trunks) if native else ("trunk", "[]", trunks)


def column(value):
    """A column as a list: OVSDB writes one value plainly, and others as a set."""
    return value[1] if isinstance(value, list) else [value]


if __name__ == "__main__":
    run(OvsVsctl())
