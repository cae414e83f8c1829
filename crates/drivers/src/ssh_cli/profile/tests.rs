use super::*;

const MINIMAL: &str = include_str!("tests/minimal.toml");

#[test]
fn a_minimal_profile_is_taken() {
    let profile = Profile::parse(MINIMAL).unwrap();
    assert_eq!(profile.raw.name, "example");
}
