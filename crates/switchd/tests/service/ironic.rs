//! Ironic's method table: the service as a conductor finds it.

mod captured;
mod ports;
mod talk;
