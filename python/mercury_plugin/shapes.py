"""The shapes on the pipe, and helpers that make and read them.

States are plain dictionaries, exactly as they travel; the types are for editors and type checkers.
"""

from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Optional, Set, Tuple, TypedDict


class BadParams(ValueError):
    """Parameters that are not what the protocol describes."""


class VlanMode(TypedDict, total=False):
    """Which VLANs a port carries; ``mode`` says which other members there are."""

    mode: str
    vlan: int
    native: int
    allowed: str
    text: str


class PortConfig(TypedDict, total=False):
    """How a port is configured. What is absent is not known, or not set."""

    vlans: VlanMode
    admin: str
    description: str
    mtu: int
    stp_edge: bool
    bpdu_guard: bool


class PortState(TypedDict, total=False):
    """A port. In a LAG it has no VLANs of its own."""

    config: PortConfig
    lag: str
    extra: str


class LagState(TypedDict, total=False):
    """A LAG with all of its members on this switch."""

    settings: Dict[str, Any]
    members: List[str]
    config: PortConfig
    extra: str


class VlanState(TypedDict, total=False):
    """A VLAN that is defined."""

    name: str
    vni: int


class PortStatus(TypedDict, total=False):
    """The state of a port's link."""

    link: str
    lacp: str
    mtu: int
    error: str


class Slice(TypedDict, total=False):
    """The state of some ports, LAGs and VLANs."""

    ports: Dict[str, PortState]
    lags: Dict[str, LagState]
    vlans: Dict[str, VlanState]


class Observation(Slice, total=False):
    """What was read."""

    status: Dict[str, PortStatus]
    lag_names: List[str]
    pair_ids: Dict[str, int]
    all_vlans: Dict[str, VlanState]
    pending: str


class LagCapabilities(TypedDict, total=False):
    """What LAGs can do."""

    active: bool
    passive: bool
    static: bool
    rate: bool
    min_links: bool
    fallback: bool
    across_pair: bool
    mtu_on_lag: bool
    mirrors: bool
    max_members: int
    naming: Any


class Capabilities(TypedDict, total=False):
    """What the switch can do; what is absent it cannot."""

    access: bool
    trunk: bool
    native_on_trunk: bool
    hybrid: str
    closed: bool
    port_shut: bool
    description: bool
    mtu: bool
    stp_edge: bool
    bpdu_guard: bool
    lag: Optional[LagCapabilities]
    vlan_database: str
    vxlan: bool
    atomicity: str
    saving: str


class Query:
    """What to read."""

    def __init__(self, params: Dict[str, Any]) -> None:
        self.ports: List[str] = names(params, "ports")
        self.lags: List[str] = names(params, "lags")
        self.vlans: List[int] = numbers(params, "vlans")
        self.lag_names: bool = params.get("lag_names") is True
        self.pair_ids: bool = params.get("pair_ids") is True
        self.all_vlans: bool = params.get("all_vlans") is True


class Work:
    """What to change, for one request.

    ``before`` is what Mercury read, ``after`` is what it will expect to read, ``steps`` are the
    changes that lead there, in the order in which they must take effect: each is
    ``{"do": change, "undo": change}``. A plugin may carry out the steps, or make the switch look
    like ``after`` in one go; the latter is simpler wherever the switch takes it at one instant.
    """

    def __init__(self, params: Dict[str, Any]) -> None:
        self.before: Slice = table(params, "before")
        self.after: Slice = table(params, "after")
        steps = params.get("steps")
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            raise BadParams("`steps` is no list of objects")
        self.steps: List[Dict[str, Any]] = steps

    @property
    def changes(self) -> List[Dict[str, Any]]:
        """The changes alone, in order."""
        return [step["do"] for step in self.steps]

    def changed_ports(self) -> Iterator[Tuple[str, PortState]]:
        """Each port that is to be another than it is, with the state that it is to have."""
        before = self.before.get("ports", {})
        for name, state in self.after.get("ports", {}).items():
            if before.get(name) != state:
                yield name, state


def table(params: Dict[str, Any], member: str) -> Any:
    value = params.get(member)
    if not isinstance(value, dict):
        raise BadParams(f"`{member}` is no object")
    return value


def names(params: Dict[str, Any], member: str) -> List[str]:
    value = params.get(member, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadParams(f"`{member}` is no list of names")
    return value


def numbers(params: Dict[str, Any], member: str) -> List[int]:
    value = params.get(member, [])
    if not isinstance(value, list) or not all(type(number) is int for number in value):
        raise BadParams(f"`{member}` is no list of numbers")
    return value


def access(vlan: int) -> VlanMode:
    """One VLAN, untagged."""
    return {"mode": "access", "vlan": vlan}


def closed() -> VlanMode:
    """No VLAN at all, on a port that is up."""
    return {"mode": "closed"}


def trunk(allowed: Iterable[int], native: Optional[int] = None) -> VlanMode:
    """Tagged VLANs, and the native one untagged; ``allowed`` may name the native VLAN."""
    tagged = vlan_text(vlan for vlan in allowed if vlan != native)
    mode: VlanMode = {"mode": "trunk", "allowed": tagged}
    if native is not None:
        mode["native"] = native
    return mode


def hybrid(native: int, allowed: Iterable[int]) -> VlanMode:
    """As a trunk with a native VLAN, on systems that tell the two apart."""
    tagged = vlan_text(vlan for vlan in allowed if vlan != native)
    return {"mode": "hybrid", "native": native, "allowed": tagged}


def other(text: str) -> VlanMode:
    """A setting that the words above cannot say: ``text`` is what restores it, in the plugin's own
    words. Mercury takes it to carry every VLAN, and only ever gives it back."""
    return {"mode": "other", "text": text}


def port(vlans: Optional[VlanMode] = None, lag: Optional[str] = None, **config: Any) -> PortState:
    """A port with these VLANs, or in this LAG; what is ``None`` is left out."""
    known: Dict[str, Any] = {"vlans": vlans, **config}
    state: Dict[str, Any] = {"config": {k: v for k, v in known.items() if v is not None}}
    if lag is not None:
        state["lag"] = lag
    return state  # type: ignore[return-value]


def vlan_ids(text: str) -> FrozenSet[int]:
    """The VLANs of a set as it travels: ``vlan_ids("100,200-202")``."""
    found: Set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, dash, last = part.partition("-")
        low, high = int(first), int(last if dash else first)
        if not 1 <= low <= high <= 4094:
            raise ValueError(f"`{part}` is no VLAN and no range of VLANs")
        found.update(range(low, high + 1))
    return frozenset(found)


def vlan_text(vlans: Iterable[int]) -> str:
    """A set of VLANs as it travels: ``vlan_text([202, 100, 200, 201])`` is ``"100,200-202"``."""
    ranges: List[List[int]] = []
    for vlan in sorted(set(vlans)):
        if ranges and ranges[-1][1] == vlan - 1:
            ranges[-1][1] = vlan
        else:
            ranges.append([vlan, vlan])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
