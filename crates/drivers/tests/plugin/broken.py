#!/usr/bin/env python3
"""A switch in a file (`memory.py`) that breaks the protocol in one way, named by its argument."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))

from mercury_plugin.serve import Server
from memory import Memory

FAULT = sys.argv[1]


class Broken(Memory):
    def start(self, switch, settings, secrets):
        super().start(switch, settings, secrets)
        if FAULT == "secret_on_stderr":
            print("logging in with", *secrets.values(), file=sys.stderr)
        if FAULT == "fork":
            subprocess.Popen(["/bin/sleep", "600"])
        if FAULT == "memory_hog":
            self.hoard = []

    def observe(self, query):
        if FAULT == "memory_hog":
            self.hoard.append(bytearray(256 << 20))
        return super().observe(query)

    def apply(self, work):
        if FAULT == "lie_trunk":
            for state in work.after["ports"].values():
                if state["config"].get("vlans", {}).get("mode") == "trunk":
                    return ["said, not done"]
        if FAULT == "lie_access":
            return ["said, not done"]
        if FAULT == "lie_atomicity":
            state = self.state()
            for name, after in work.changed_ports():
                if name in state["ports"]:
                    state["ports"][name] = after
            self.write(state)
        if FAULT == "crash_apply":
            state = self.state()
            state["vlans"].update(work.after.get("vlans", {}))
            for name, after in work.changed_ports():
                state["ports"][name] = after
                self.write(state)
                os.kill(os.getpid(), signal.SIGKILL)
        return super().apply(work)


def say(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def hang():
    """Does nothing until a signal ends the process."""
    while True:
        signal.pause()


def main():
    if FAULT == "crash_start":
        print("cannot find the switch library", file=sys.stderr)
        sys.exit(3)
    if FAULT == "garbage":
        say(b"Welcome to my plugin!\n")
    if FAULT == "deaf":
        hang()
    if FAULT in ("ignores_sigterm", "fork"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = Server(Broken())
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            if FAULT in ("ignores_sigterm", "ignores_end"):
                hang()
            return
        method = line.partition(b'"method":"')[2].partition(b'"')[0].decode()
        answer = server.answer(line)
        result = answer.get("result", {})
        if method == "describe" and FAULT == "wrong_version":
            result["protocol"] = 2
        if method == "describe" and FAULT == "unknown_member":
            result["capabilities"]["vlan_trunks"] = True
        if method == "describe" and FAULT == "fickle":
            seen = server.plugin.file + ".seen"
            result["capabilities"]["mtu"] = not os.path.exists(seen)
            with open(seen, "w", encoding="utf-8"):
                pass
        if method == "observe" and "result" in answer:
            if FAULT == "silent" and result["ports"]:
                continue
            if FAULT == "too_long" and result["ports"]:
                result["pending"] = "x" * (5 << 20)
            if FAULT == "wrong_id" and result["ports"]:
                answer["id"] += 1
            if FAULT == "stranger":
                result["ports"]["swp666"] = {"config": {"vlans": {"mode": "closed"}, "admin": "up"}}
            if FAULT == "wrong_vlan" and result["ports"]:
                for state in result["ports"].values():
                    state["config"]["vlans"] = {"mode": "access", "vlan": 5000}
            if FAULT == "not_utf8" and result["ports"]:
                say(b'{"jsonrpc":"2.0","id":1,"result":"\xff\xfe"}\n')
                continue
        if method == "apply" and FAULT == "too_few_outcomes" and "result" in answer:
            result["outcomes"] = result["outcomes"][1:]
        text = json.dumps(answer).encode() + b"\n"
        if FAULT == "duplicate" and method == "observe":
            text += text
        if FAULT == "member_twice" and method == "observe":
            text = text.replace(b'"ports": {', b'"ports": {}, "ports": {', 1)
        say(text)
        if server.closed:
            if FAULT in ("ignores_sigterm", "ignores_end"):
                hang()
            return


main()
