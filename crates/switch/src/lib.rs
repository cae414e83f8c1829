//! The heart of the switch service: planning, transactions, policy, locks and audit.
