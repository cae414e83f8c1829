//! A device profile: reading one ends, and what is read puts no control character on any line.

use drivers::ssh_cli::profile::Profile;

pub(crate) fn input(text: &str) {
    let Ok(profile) = Profile::parse(text) else { return };
    let (before, after) = profile.frame();
    let examples = profile.examples().into_iter().filter_map(|example| example.lines.ok());
    for line in examples.flatten().chain(before).chain(after).chain(profile.saving()) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.trim().is_empty(), "an empty line");
    }
}
