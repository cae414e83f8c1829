"""The class that a plugin derives from."""

from typing import Any, Dict, List, Mapping, Optional

from .errors import Unsupported
from .shapes import Capabilities, Observation, Query, Work


class Plugin:
    """A driver of one switch. One process serves one switch, one request at a time.

    Set :attr:`name` and :attr:`capabilities`, and write :meth:`observe` and :meth:`apply`. Raise
    :class:`Refused`, :class:`Unreachable`, :class:`Unsupported` or :class:`Unknown`; anything else
    that :meth:`apply` raises counts as :class:`Unknown`, and its traceback goes to the log.
    """

    name: str = ""
    """For logs."""

    version: Optional[str] = None
    """For logs."""

    port_naming: str = "exact"
    """How the switch writes port names: ``exact``, ``cisco-ios``, ``cisco-nxos``, ``arista-eos``,
    ``dell-os10``, ``huawei-vrp`` or ``hpe-comware``. Mercury turns other spellings into it."""

    capabilities: Capabilities = {}
    """What the switch can do. May also be set by :meth:`start`, from the settings."""

    def start(self, switch: str, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Called once, first. Only keep what is given; log in with the first request, because a
        switch that is down must not keep the service from starting. Raise ``ValueError`` for
        settings that make no sense."""

    def observe(self, query: Query) -> Observation:
        """Reads what the query names, and nothing else. Ports, LAGs and VLANs that are not there
        are left out. A LAG of a port that is asked for belongs to the answer."""
        raise NotImplementedError

    def apply(self, work: Work) -> List[str]:
        """Makes the changes of one work, and returns what was sent, in the switch's own words."""
        raise NotImplementedError

    def apply_batch(self, works: List[Work]) -> List[Dict[str, Any]]:
        """Makes the changes of several works, which never share a port or a LAG, and returns an
        outcome for each. The default calls :meth:`apply` one by one; a switch that takes several
        in one transaction is faster with its own. To refuse the batch as a whole, raise."""
        from .serve import outcome

        return [outcome(self, work) for work in works]

    def save(self) -> List[str]:
        """Saves the running configuration; only asked with ``"saving": "explicit"``."""
        raise Unsupported("there is nothing to save")

    def resolve(self, text: str) -> List[Dict[str, str]]:
        """Finds ports by any of their names: ``[{"port": "swp1", "matched": "name"}]``, matched by
        ``name``, ``alias``, ``index`` or ``mac``. The default knows the name alone."""
        found = self.observe(Query({"ports": [text]})).get("ports", {})
        return [{"port": name, "matched": "name"} for name in found]

    def close(self) -> None:
        """Called last, if at all: says goodbye to the switch."""
