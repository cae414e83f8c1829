"""networking-generic-switch, asked to move ports of switches to other VLANs.

It is the library alone, as Neutron's process would call it, without Neutron in front of it: what
is measured is what it does to a switch. One JSON document comes in on standard input:

    {"devices": {NAME: {the device's options, as in a section [genericswitch:NAME]}},
     "backend_url": where connections are counted, as in [ngs_coordination], or null,
     "callers": how many threads,
     "changes": [[NAME, PORT, VLAN], ...]}

and one goes out on standard output: the time that each change took that succeeded and the time of
all of them, in milliseconds, the reason of each that failed, and the most memory that the process
has had, in bytes.
"""

import concurrent.futures
import json
import resource
import sys
import time

from networking_generic_switch import config  # noqa: F401  (registers the options)
from networking_generic_switch import devices
from oslo_config import cfg


def main():
    asked = json.load(sys.stdin)
    if asked["backend_url"]:
        # Neutron's own option, by which the library tells its hosts apart.
        cfg.CONF.register_opt(cfg.StrOpt("host", default="bench"))
        cfg.CONF.set_override("backend_url", asked["backend_url"], "ngs_coordination")
    switches = {
        name: devices.device_manager(dict(options), name)
        for name, options in asked["devices"].items()
    }
    latencies, failures = [], []

    def change(name, port, vlan):
        begun = time.perf_counter()
        try:
            switches[name].plug_port_to_network(port, vlan)
        except Exception as error:
            failures.append(f"{name} {port}: {type(error).__name__}: {error}")
        else:
            latencies.append((time.perf_counter() - begun) * 1000.0)

    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(asked["callers"]) as pool:
        concurrent.futures.wait([pool.submit(change, *each) for each in asked["changes"]])
    took = (time.perf_counter() - begun) * 1000.0
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer = {
        "latencies_ms": latencies,
        "failures": failures,
        "took_ms": took,
        "memory_bytes": memory,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
