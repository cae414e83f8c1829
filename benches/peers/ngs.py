"""networking-generic-switch, asked to move ports of one switch to other VLANs.

It is the library alone, as Neutron's process would call it, without Neutron in front of it: what
is measured is what it does to a switch. One JSON document comes in on standard input:

    {"device": {the device's options, as in a section [genericswitch:NAME]},
     "rounds": [{"callers": 1, "changes": [["Ethernet1", 100], ...]}, ...]}

and one goes out on standard output: for each round the time that each change took and the time of
all of them, in milliseconds, and the memory of the process afterwards, in bytes. A change that
fails ends the program with its reason.
"""

import concurrent.futures
import json
import resource
import sys
import time

from networking_generic_switch import config  # noqa: F401  (registers the options)
from networking_generic_switch import devices


def timed(work):
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000.0


def play(device, round_):
    changes = round_["changes"]

    def change(port, vlan):
        return timed(lambda: device.plug_port_to_network(port, vlan))

    latencies = []

    def all_of_them():
        with concurrent.futures.ThreadPoolExecutor(round_["callers"]) as pool:
            waiting = [pool.submit(change, port, vlan) for port, vlan in changes]
            latencies.extend(each.result() for each in waiting)

    took = timed(all_of_them)
    return {"latencies_ms": latencies, "took_ms": took}


def main():
    asked = json.load(sys.stdin)
    device = devices.device_manager(dict(asked["device"]), "bench")
    rounds = [play(device, round_) for round_ in asked["rounds"]]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump({"rounds": rounds, "memory_bytes": memory}, sys.stdout)


if __name__ == "__main__":
    main()
