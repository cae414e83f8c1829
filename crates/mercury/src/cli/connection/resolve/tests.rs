use std::collections::BTreeMap;

use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::*;

fn profiles() -> Profiles {
    let lab = Profile {
        url: Some("https://lab".to_owned()),
        user: Some("ada".to_owned()),
        password: Some("from-lab".into()),
        cacert: Some("/lab/ca.pem".into()),
        retries: Some(7),
        ..Profile::default()
    };
    let robot = Profile { token: Some("robot-token".into()), auth: None, ..Profile::default() };
    let profiles = [("lab".to_owned(), lab), ("robot".to_owned(), robot)];
    Profiles {
        path: "/client.toml".into(),
        default: Some("lab".to_owned()),
        profiles: profiles.into(),
    }
}

/// What is used with these options and variables: address, how, whom, with what.
fn check(flags: &[&str], variables: &[(&str, &str)]) -> Result<String, String> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        connection: Connection,
    }
    let line: Line = clap::Parser::parse_from(std::iter::once(&"x").chain(flags));
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    let variable = |name: &str| variables.get(name).map(|&text| text.to_owned());
    let resolved = resolve(&line.connection, &variable, Some(&profiles()))
        .map_err(|error| error.to_string())?;
    let user = resolved.user.as_ref().map(|user| user.value.as_str()).unwrap_or("-");
    let secret = match &resolved.secret {
        None => "-".to_owned(),
        Some(Said { value: Secret::Given(text), .. }) => text.expose_secret().to_owned(),
        Some(Said { value: Secret::File(path), .. }) => path.display().to_string(),
    };
    Ok(format!("{} {:?} {user} {secret}", resolved.url.value, resolved.auth))
}

const PASSWORD: (&str, &str) = ("MERCURY_PASSWORD", "pw");

#[rstest]
// The default profile is for when no address is named.
#[case(&[], &[], "https://lab Asked ada from-lab")]
#[case(&["--url", "unix:/x"], &[], "unix:/x None - -")]
#[case(&[], &[("MERCURY_URL", "unix:/x")], "unix:/x None - -")]
#[case(&["--url", "unix:/x", "--user", "bob"], &[PASSWORD], "unix:/x Asked bob pw")]
#[case(&["--url", "unix:/x"], &[("MERCURY_USER", "bob"), ("MERCURY_PASSWORD_FILE", "/f"), PASSWORD], "unix:/x Asked bob /f")]
// Command line over environment over profile.
#[case(&["--user", "eve"], &[("MERCURY_USER", "bob"), PASSWORD], "https://lab Asked eve pw")]
#[case(&[], &[("MERCURY_USER", "bob"), PASSWORD], "https://lab Asked bob pw")]
#[case(&["--password-file", "/g"], &[PASSWORD], "https://lab Asked ada /g")]
#[case(&["--auth", "digest"], &[("MERCURY_AUTH", "basic")], "https://lab Digest ada from-lab")]
#[case(&[], &[("MERCURY_AUTH", "basic")], "https://lab Basic ada from-lab")]
#[case(&["--auth", "none"], &[], "https://lab None ada -")]
// What counts more decides between a user and a token.
#[case(&["--auth-token-file", "/t"], &[], "https://lab Token ada /t")]
#[case(&["--user", "bob"], &[("MERCURY_TOKEN", "t"), PASSWORD], "https://lab Asked bob pw")]
#[case(&["--profile", "robot"], &[], "http://127.0.0.1:8191 Token - robot-token")]
#[case(&[], &[("MERCURY_PROFILE", "robot")], "http://127.0.0.1:8191 Token - robot-token")]
#[case(&["--profile", "lab", "--url", "https://lab"], &[], "https://lab Asked ada from-lab")]
#[case(&["--profile", "lab"], &[("MERCURY_PROFILE", "robot")], "https://lab Asked ada from-lab")]
fn what_is_used(#[case] flags: &[&str], #[case] variables: &[(&str, &str)], #[case] want: &str) {
    assert_eq!(check(flags, variables).unwrap(), want);
}

#[rstest]
#[case(&["--user", "bob"], &[], "there is no password for user `bob`")]
#[case(&["--url", "unix:/x", "--auth", "basic"], &[], "there is no user to authenticate as")]
#[case(&["--auth", "token"], &[], "there is no token")]
#[case(&["--profile", "none"], &[], "there is no profile `none` in `/client.toml`")]
#[case(&["--profile", "lab", "--url", "https://evil"], &[], "profile `lab` is for `https://lab`, and `--url` names `https://evil`")]
#[case(&["--profile", "lab"], &[("MERCURY_URL", "https://evil")], "profile `lab` is for `https://lab`, and MERCURY_URL names")]
#[case(&[], &[("MERCURY_USER", "bob"), PASSWORD, ("MERCURY_TOKEN", "t")], "both a user (MERCURY_USER) and a token (MERCURY_TOKEN)")]
#[case(&[], &[("MERCURY_AUTH", "magic")], "MERCURY_AUTH is `magic`, none of `asked`")]
#[case(&[], &[("MERCURY_RETRIES", "many")], "MERCURY_RETRIES is `many`, no number from 0")]
fn what_makes_no_sense(
    #[case] flags: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] want: &str,
) {
    let error = check(flags, variables).unwrap_err();
    assert!(error.starts_with(want) && !error.contains("from-lab"), "{error}");
}

#[test]
fn settings_say_where_credentials_come_from_and_are_warned_about() {
    let flags = Connection { profile: Some("lab".to_owned()), ..Connection::default() };
    let resolved = resolve(&flags, &|_| None, Some(&profiles())).unwrap();
    let settings = resolved.settings().unwrap();
    assert_eq!(settings.retries, 7);
    assert_eq!(settings.tls.authorities, Some("/lab/ca.pem".into()));
    assert_eq!(
        settings.credentials_from.as_deref(),
        Some("user from profile `lab`, password from profile `lab`")
    );
    assert!(!format!("{resolved:?} {settings:?}").contains("from-lab"));
    let basic = |url: &str, auth| {
        let url = Said { value: url.to_owned(), origin: Origin::Default };
        let flags = Connection { auth: Some(auth), ..flags.clone() };
        let resolved = resolve(&flags, &|_| None, Some(&profiles())).unwrap();
        Resolved { url, ..resolved }.warning().is_some()
    };
    assert!(basic("http://lab", Auth::Basic) && !basic("https://lab", Auth::Basic));
    assert!(!basic("http://lab", Auth::Digest) && !basic("http://lab", Auth::Asked));
}

#[rstest]
#[case("http://127.0.0.1:8191", false)]
#[case("http://[::1]:8191", false)]
#[case("http://localhost", false)]
#[case("https://switchd.example", false)]
#[case("unix:/run/switchd.sock", false)]
#[case("http://switchd.example:8191", true)]
#[case("http://192.0.2.1", true)]
fn passwords_that_can_be_read_on_their_way(#[case] url: &str, #[case] want: bool) {
    assert_eq!(travels_readable(url), want);
}
