//! What a switch sends over OVSDB: framing, messages, results and rows.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drivers::ovsdb::fuzz::stream(input));
