"""Sends and hears raw Ethernet frames with 802.1Q tags inside network namespaces.

A long-lived process: one JSON request a line on standard input, one JSON answer a line on
standard output, until standard input ends. One socket a NIC, opened inside the NIC's namespace;
a socket stays where it was opened.

Frames have ethertype 0x88b5 (IEEE 802 local experimental), so no IP set-up is needed. Tags are
written by hand; the kernel strips a received tag, which PACKET_AUXDATA gives back.

Silence is decided by events, not by patience. An ovs-vswitchd with a userspace datapath forwards
frames and answers its control socket in the same loop. Two fresh control connections, one after
the other, therefore prove one full turn of that loop, and so that every frame that had arrived
has been forwarded. After as many rounds as there are datapaths only the kernel's own queue is
left; the last wait for it grows with how slow the rounds were.
"""

import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import sys
import time
from collections import Counter

ETHERTYPE = 0x88B5
MARK = b"mercury-lab "
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 6, 8, 23
SO_RCVBUFFORCE = 33
CLONE_NEWNET = 0x40000000
TAG_VALID = 0x10  # TP_STATUS_VLAN_VALID
CONTROL_LIMIT = 3.0  # seconds for one answer of a control socket
SETTLE_LIMIT = 5.0  # seconds after which traffic of a request must have ceased
BURST = 16  # frames between two turns: a datapath takes up to 32 from a port in one turn

libc = ctypes.CDLL(None, use_errno=True)


def inside(namespace, action):
    """Runs action with this thread in the given network namespace."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + namespace, os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "cannot enter " + namespace)
        try:
            return action()
        finally:
            if libc.setns(home, CLONE_NEWNET) != 0:
                os._exit(70)  # in a wrong namespace every later answer would lie
    finally:
        os.close(home)
        os.close(there)


def checksums_in_software(interface):
    """Ends transmit checksum offload: a userspace switch passes on what the NIC would finish."""
    value = ctypes.create_string_buffer(struct.pack("II", 0x17, 0))  # ETHTOOL_STXCSUM, off
    request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8946, request)  # SIOCETHTOOL


class Nic:
    def __init__(self, name, namespace, interface, edge):
        self.name, self.interface, self.edge = name, interface, edge
        self.socket = inside(namespace, self.opened)
        self.mac = self.socket.getsockname()[4]

    def opened(self):
        checksums_in_software(self.interface)
        handle = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        handle.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        handle.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        handle.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        handle.bind((self.interface, 3))  # ETH_P_ALL
        handle.setblocking(False)
        return handle

    def send(self, serial, tag, payload=b""):
        shown = "-" if tag is None else str(tag)
        body = MARK + f"{serial} {self.name} {shown} ".encode() + payload
        header = b"\xff" * 6 + self.mac
        if tag is not None:
            header += struct.pack("!HH", 0x8100, tag)
        frame = header + struct.pack("!H", ETHERTYPE) + body
        self.socket.send(frame.ljust(64, b"\0"))

    def received(self):
        """Yields (serial, sender, sent tag, seen tag) of every frame of ours that waits here."""
        while True:
            try:
                data, extras, _, _ = self.socket.recvmsg(2048, 128)
            except BlockingIOError:
                return
            except OSError:
                continue  # the interface went down: reported once, then reading goes on
            seen, at = None, 12
            for level, kind, value in extras:
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, tci = struct.unpack_from("I", value)[0], struct.unpack_from("H", value, 16)[0]
                    if status & TAG_VALID:
                        seen = tci & 0xFFF
            while data[at:at + 2] == b"\x81\x00":
                if seen is None:
                    seen = struct.unpack_from("!H", data, at + 2)[0] & 0xFFF
                at += 4
            if data[at:at + 2] != struct.pack("!H", ETHERTYPE) or not data.startswith(MARK, at + 2):
                continue
            fields = data[at + 2 + len(MARK):].split(b" ", 3)
            if len(fields) == 4:
                serial, sender, sent = (field.decode() for field in fields[:3])
                yield int(serial), sender, None if sent == "-" else int(sent), seen

    def dropped(self):
        """Frames that the kernel could not queue here since the last call."""
        return struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]


class Flood:
    def __init__(self, nic, tags, every):
        self.nic, self.tags, self.every = nic, tags, every
        self.due, self.sent, self.failed = time.monotonic(), 0, 0

    def beat(self, now):
        # Beats missed while the process was busy are dropped, so the rate stays bounded.
        self.due = max(self.due + self.every, now)
        for tag in self.tags:
            try:
                self.nic.send(0, tag)
                self.sent += 1
            except OSError:
                self.failed += 1


def turn(control, method=b"version"):
    """Waits until the daemon behind this control socket has answered on a fresh connection."""
    with socket.socket(socket.AF_UNIX) as handle:
        handle.settimeout(CONTROL_LIMIT)
        try:
            handle.connect(control)
        except (FileNotFoundError, ConnectionRefusedError):
            return  # a daemon that does not run forwards nothing
        try:
            handle.sendall(b'{"method":"%s","params":[],"id":0}' % method)
            if not handle.recv(65536):
                return
        except TimeoutError:
            raise OSError(f"`{control}` did not answer within {CONTROL_LIMIT} s") from None


class Probe:
    def __init__(self):
        self.nics, self.floods, self.listeners = {}, {}, {}
        self.controls, self.serial, self.heard = [], 0, []
        self.poll = select.poll()
        self.by_handle, self.pending = {}, b""

    def nic(self, name):
        if name not in self.nics:
            raise KeyError(f"no NIC `{name}` (known: {', '.join(sorted(self.nics))})")
        return self.nics[name]

    # The loop: receive, keep floods going, and return when the caller's condition holds.

    def receive(self, nic):
        for serial, sender, sent, seen in nic.received():
            if nic.name in self.listeners:
                self.listeners[nic.name][sender, sent, seen] += 1
            if serial and serial == self.serial:
                self.heard.append((sender, sent, nic.name, seen))

    def pump(self, seconds, done=lambda: False):
        """Serves sockets and floods for `seconds` (None: until a request waits) or until done."""
        end = None if seconds is None else time.monotonic() + seconds
        while not done():
            now = time.monotonic()
            if end is not None and now >= end:
                return
            wake = [flood.due for flood in self.floods.values()] + ([] if end is None else [end])
            wait = None if not wake else max(0.0, min(wake) - now) * 1000
            for handle, _ in self.poll.poll(wait):
                if handle in self.by_handle:
                    self.receive(self.by_handle[handle])
                elif end is None:
                    return
            now = time.monotonic()
            for flood in self.floods.values():
                if flood.due <= now:
                    flood.beat(now)

    def settle(self):
        """Returns when every frame sent so far has been heard wherever it will be heard."""
        slowest, end = 0.0, time.monotonic() + SETTLE_LIMIT
        for _ in self.controls:
            for control in self.controls:
                for _ in range(2):
                    start = time.monotonic()
                    turn(control)
                    slowest = max(slowest, time.monotonic() - start)
            self.pump(0.0005)
        quiet = min(max(8 * slowest, 0.005), 0.3)
        known = -1
        while known != len(self.heard) and time.monotonic() < end:
            known = len(self.heard)
            self.pump(quiet)

    def start_round(self):
        # A switch says that a change is in effect while flows that it had cached before may still
        # pass a frame for some milliseconds. A round asks for what is configured, so they go first.
        for control in self.controls:
            turn(control, b"revalidator/purge")
        self.serial += 1
        self.heard = []

    def requests(self):
        while True:
            while b"\n" not in self.pending:
                self.pump_input()
                data = os.read(0, 65536)
                if not data:
                    return
                self.pending += data
            line, self.pending = self.pending.split(b"\n", 1)
            yield json.loads(line)

    def pump_input(self):
        """Serves sockets and floods until a request waits."""
        self.poll.register(0, select.POLLIN)
        self.pump(None)
        self.poll.unregister(0)  # while a request is served, later ones must not wake the loop

    # Requests. Each method's name is the request's "op", its arguments are the other fields.

    def open(self, nics, controls):
        for nic in nics:
            old = self.nics.pop(nic["name"], None)
            if old is not None:
                self.poll.unregister(old.socket)
                del self.by_handle[old.socket.fileno()]
                old.socket.close()
            new = Nic(**nic)
            self.nics[new.name] = new
            self.by_handle[new.socket.fileno()] = new
            self.poll.register(new.socket, select.POLLIN)
        self.controls = controls
        return {name: nic.mac.hex(":") for name, nic in self.nics.items()}

    def send(self, nic, tag, payload):
        self.nic(nic).send(0, tag, payload.encode())

    def who_hears(self, nic, tag, listeners):
        known = [self.nic(name).name for name in listeners]
        self.start_round()
        self.nic(nic).send(self.serial, tag)
        self.settle()
        audible = known or [name for name, other in self.nics.items() if other.edge]
        heard = {(name, seen) for _, _, name, seen in self.heard if name in audible}
        return [{"nic": name, "tag": seen} for name, seen in heard if name != nic]

    def matrix(self, tags):
        self.start_round()
        edges = [nic for nic in self.nics.values() if nic.edge]
        for nic in edges:
            for first in range(0, len(tags), BURST):
                for tag in tags[first:first + BURST]:
                    nic.send(self.serial, tag)
                self.settle()
        names = {nic.name for nic in edges}
        heard = {row for row in self.heard if row[2] in names and row[0] != row[2]}
        return [dict(zip(("from", "sent", "nic", "seen"), row)) for row in heard]

    def await_heard(self, nic, tag, by, seen, every, limit):
        sender, listener = self.nic(nic), self.nic(by).name
        self.start_round()
        start, sent = time.monotonic(), 0
        wanted = (nic, tag, listener, seen)
        while time.monotonic() - start < limit:
            sender.send(self.serial, tag)
            sent += 1
            self.pump(every, lambda: wanted in self.heard)
            if wanted in self.heard:
                return {"elapsed_us": int((time.monotonic() - start) * 1e6), "sent": sent}
        others = sorted({f"{n} ({'untagged' if t is None else t})" for _, _, n, t in self.heard})
        raise TimeoutError(f"`{by}` did not hear `{nic}` within {limit} s; heard by: {others}")

    def flood_start(self, nic, tags, every):
        self.floods[nic] = Flood(self.nic(nic), tags, every)

    def flood_stop(self, nic):
        flood = self.floods.pop(nic, None)
        if flood is None:
            raise KeyError(f"no flood from `{nic}`")
        return {"sent": flood.sent, "failed": flood.failed}

    def listen_start(self, nic):
        self.settle()
        self.nic(nic).dropped()
        self.listeners[nic] = Counter()

    def listen_stop(self, nic):
        if nic not in self.listeners:
            raise KeyError(f"nobody listens at `{nic}`")
        self.settle()
        counts = self.listeners.pop(nic)
        rows = [{"from": f, "sent": s, "seen": v, "count": n} for (f, s, v), n in counts.items()]
        return {"counts": rows, "dropped": self.nic(nic).dropped()}


OPS = {"open", "send", "who_hears", "matrix", "await_heard",
       "flood_start", "flood_stop", "listen_start", "listen_stop"}


def main():
    probe = Probe()
    for request in probe.requests():
        number, op = request.pop("id"), request.pop("op")
        try:
            if op not in OPS:
                raise KeyError(f"no request `{op}`")
            answer = {"id": number, "ok": getattr(probe, op)(**request)}
        except (OSError, KeyError) as error:
            text = error.args[0] if isinstance(error, KeyError) else str(error)
            answer = {"id": number, "error": str(text)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
