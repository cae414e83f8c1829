//! What a switch answers on its command line, under rules of every shape.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drivers::ssh_cli::read::fuzz::answer(input));
