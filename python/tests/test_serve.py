import contextlib
import io
import json
import os
import subprocess
import sys
import textwrap
import unittest

from mercury_plugin import Plugin, Refused, Unknown, Unreachable, Unsupported, access, port
from mercury_plugin.serve import serve


class OnePort(Plugin):
    name = "one-port"
    capabilities = {"access": True}

    def __init__(self):
        self.vlan = 1
        self.closed = 0

    def start(self, switch, settings, secrets):
        if settings.get("bad"):
            raise ValueError("`bad` is bad")

    def observe(self, query):
        if "down" in query.ports:
            raise Unreachable("no route to host")
        return {"ports": {name: port(access(self.vlan)) for name in query.ports if name == "p1"}}

    def apply(self, work):
        for _, state in work.changed_ports():
            vlan = state["config"]["vlans"]["vlan"]
            if vlan == 2:
                raise Refused("VLAN 2 is reserved", operation="vlan 2")
            if vlan == 3:
                raise Unsupported("three")
            if vlan == 4:
                raise Unknown("no prompt")
            if vlan == 5:
                raise KeyError("oops")
            self.vlan = vlan
        return [f"vlan {self.vlan}"]

    def close(self):
        self.closed += 1


def request(method, params=None, number=1):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})


DESCRIBE = request("describe", {"protocol": 1, "switch": "x", "settings": {}, "secrets": {}})


def work(vlan):
    state = {"p1": port(access(vlan))}
    return {"before": {"ports": {"p1": port(access(1))}}, "after": {"ports": state}, "steps": []}


class Serving(unittest.TestCase):
    def talk(self, *lines, end="\n"):
        self.plugin = OnePort()
        answers = io.BytesIO()
        self.log = io.StringIO()
        with contextlib.redirect_stderr(self.log):
            serve(self.plugin, io.BytesIO(("\n".join(lines) + end).encode()), answers)
        return [json.loads(line) for line in answers.getvalue().splitlines()]

    def results(self, *lines):
        answers = self.talk(DESCRIBE, *lines)
        return [answer.get("result", answer.get("error")) for answer in answers[1:]]

    def test_a_conversation(self):
        described, seen, done, found, nothing, closed = self.talk(
            DESCRIBE,
            request("observe", {"ports": ["p1", "p2"]}, 2),
            request("apply", {"works": [work(9)]}, 3),
            request("resolve", {"text": "p1"}, 4),
            request("resolve", {"text": "p9"}, 5),
            request("close", {}, 6),
            request("observe", {}, 7),
        )
        self.assertEqual(described["result"]["name"], "one-port")
        self.assertEqual(seen["result"], {"ports": {"p1": port(access(1))}})
        self.assertEqual(
            done["result"], {"outcomes": [{"outcome": "done", "operations": ["vlan 9"]}]}
        )
        self.assertEqual(found["result"], {"matches": [{"port": "p1", "matched": "name"}]})
        self.assertEqual(nothing["result"], {"matches": []})
        self.assertEqual((closed["id"], closed["result"], self.plugin.closed), (6, {}, 1))

    def test_each_work_has_its_own_outcome(self):
        works = {"works": [work(vlan) for vlan in (2, 3, 4, 5, 6)]}
        (result,) = self.results(request("apply", works))
        self.assertEqual(
            result["outcomes"],
            [
                {"outcome": "refused", "answer": "VLAN 2 is reserved", "operation": "vlan 2"},
                {"outcome": "unsupported", "what": "three"},
                {"outcome": "unknown", "why": "no prompt"},
                {"outcome": "unknown", "why": "KeyError: 'oops'"},
                {"outcome": "done", "operations": ["vlan 6"]},
            ],
        )
        self.assertIn("Traceback", self.log.getvalue())

    def test_what_makes_no_sense_is_answered_with_an_error(self):
        for line, code, number in [
            ("nonsense", -32700, None),
            ("[]", -32600, None),
            ('{"jsonrpc":"1.0","id":1,"method":"observe"}', -32600, None),
            ('{"jsonrpc":"2.0","id":1,"method":7}', -32600, None),
            (request("frobnicate"), -32601, 1),
            ('{"jsonrpc":"2.0","id":1,"method":"observe","params":[]}', -32602, None),
            (request("observe", {"ports": 7}), -32602, 1),
            (request("apply", {"works": {}}), -32602, 1),
            (request("apply", {"works": [{}]}), -32602, 1),
            (request("resolve", {"text": 7}), -32602, 1),
            (request("observe", {"ports": ["down"]}), -32001, 1),
            (request("save"), -32002, 1),
        ]:
            with self.subTest(line):
                _, answer, alive = self.talk(DESCRIBE, line, request("observe"))
                self.assertEqual((answer["error"]["code"], answer["id"]), (code, number))
                self.assertEqual(alive["result"], {"ports": {}})

    def test_a_description_comes_first_and_in_a_known_version(self):
        (answer,) = self.talk(request("observe"))
        self.assertEqual(answer["error"]["code"], -32600)
        (answer,) = self.talk(request("describe", {"protocol": 2}))
        self.assertEqual(answer["error"]["code"], -32602)
        (answer,) = self.talk(request("describe", {"protocol": 1, "settings": {"bad": True}}))
        self.assertEqual(answer["error"]["message"], "`bad` is bad")

    def test_the_end_of_input_is_the_end(self):
        self.assertEqual(len(self.talk(DESCRIBE)), 1)
        self.assertEqual(self.plugin.closed, 1)
        self.assertEqual(self.talk(DESCRIBE, end=""), [], "half a line is no request")


class Running(unittest.TestCase):
    def test_what_is_printed_goes_to_standard_error(self):
        program = textwrap.dedent(
            """
            import os
            from mercury_plugin import Plugin, run

            class Chatty(Plugin):
                name = "chatty"
                capabilities = {"access": True}

                def observe(self, query):
                    print("observing")
                    os.system("echo a program says")
                    return {}

            run(Chatty())
            """
        )
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        lines = f"{DESCRIBE}\n{request('observe')}\n{request('close')}\n"
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=lines,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env={"PYTHONPATH": here},
        )
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], [1, 1, 1])
        self.assertEqual(sorted(done.stderr.splitlines()), ["a program says", "observing"])


if __name__ == "__main__":
    unittest.main()
