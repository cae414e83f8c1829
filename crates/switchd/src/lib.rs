//! The switch service: listener, method table, configuration.
