//! What a plugin answers: one line, as the answer to each method.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drivers::plugin::fuzz::line(input));
