//! Simulated switches for the demonstration and the tests.
