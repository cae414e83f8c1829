//! The words of the domain: VLANs, ports, LAGs, segments, with their parsing and invariants.
