import unittest

from mercury_plugin import Query, Work, access, closed, hybrid, other, port, trunk, vlan_ids, vlan_text


class VlanSets(unittest.TestCase):
    def test_sets_are_read_and_written(self):
        for text, vlans in [
            ("", []),
            ("100", [100]),
            ("100,200-202", [100, 200, 201, 202]),
            ("1-3,5,4094", [1, 2, 3, 5, 4094]),
        ]:
            self.assertEqual(vlan_ids(text), frozenset(vlans))
            self.assertEqual(vlan_text(reversed(vlans)), text)

    def test_what_is_no_vlan_is_refused(self):
        for text in ["0", "4095", "7-5", "x", "1-", "-1"]:
            with self.subTest(text), self.assertRaises(ValueError):
                vlan_ids(text)


class Modes(unittest.TestCase):
    def test_modes_are_as_they_travel(self):
        self.assertEqual(access(5), {"mode": "access", "vlan": 5})
        self.assertEqual(closed(), {"mode": "closed"})
        self.assertEqual(trunk([7, 8]), {"mode": "trunk", "allowed": "7-8"})
        self.assertEqual(trunk([7, 8], native=7), {"mode": "trunk", "allowed": "8", "native": 7})
        self.assertEqual(hybrid(7, [7, 9]), {"mode": "hybrid", "native": 7, "allowed": "9"})
        self.assertEqual(other("x"), {"mode": "other", "text": "x"})

    def test_a_port_holds_what_is_known(self):
        self.assertEqual(
            port(closed(), admin="up", mtu=None),
            {"config": {"vlans": {"mode": "closed"}, "admin": "up"}},
        )
        self.assertEqual(port(lag="po1", mtu=9000), {"config": {"mtu": 9000}, "lag": "po1"})


class Requests(unittest.TestCase):
    def test_a_work_says_which_ports_are_to_change(self):
        before = {"ports": {"p1": port(access(1)), "p2": port(access(1))}}
        after = {"ports": {"p1": port(access(2)), "p2": port(access(1))}}
        step = {"do": {"change": "set_vlans"}, "undo": {"change": "set_vlans"}}
        work = Work({"before": before, "after": after, "steps": [step]})
        self.assertEqual(dict(work.changed_ports()), {"p1": port(access(2))})
        self.assertEqual(work.changes, [{"change": "set_vlans"}])

    def test_wrong_parameters_are_refused(self):
        for params in [{"ports": 7}, {"ports": [7]}, {"vlans": ["7"]}, {"vlans": [True]}]:
            with self.subTest(params), self.assertRaises(ValueError):
                Query(params)
        for params in [{}, {"before": {}, "after": {}, "steps": [7]}, {"before": [], "after": {}}]:
            with self.subTest(params), self.assertRaises(ValueError):
                Work(params)


if __name__ == "__main__":
    unittest.main()
