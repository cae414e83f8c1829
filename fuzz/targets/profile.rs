//! A device profile: reading one ends, and what is read puts no control character on any line.

#![no_main]

use drivers::ssh_cli::profile::Profile;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let Ok(profile) = Profile::parse(input) else { return };
    let (before, after) = profile.frame();
    let examples = profile.examples().into_iter().filter_map(|example| example.lines.ok());
    for line in examples.flatten().chain(before).chain(after).chain(profile.saving()) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.trim().is_empty(), "an empty line");
    }
});
