//! Ironic's method table: the service as a conductor finds it.

mod anything;
mod captured;
mod faults;
mod lags;
mod ports;
mod table;
mod talk;
