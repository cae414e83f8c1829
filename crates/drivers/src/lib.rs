//! How switches are spoken to, one module per management protocol.
