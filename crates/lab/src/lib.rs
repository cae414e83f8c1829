//! A real Open vSwitch fabric on one machine, in network namespaces.
