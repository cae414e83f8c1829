use std::collections::BTreeMap;

use proptest::prelude::*;
use rstest::rstest;
use switch::Atomicity;

use super::*;

const MINIMAL: &str = include_str!("tests/minimal.toml");

/// The problems of the minimal profile with one text in place of another.
fn problems(old: &str, new: &str) -> Vec<String> {
    assert!(MINIMAL.contains(old), "{old}");
    match Profile::parse(&MINIMAL.replacen(old, new, 1)) {
        Ok(_) => Vec::new(),
        Err(error) => error.mistakes.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_minimal_profile_is_taken() {
    let profile = Profile::parse(MINIMAL).unwrap();
    assert_eq!(profile.raw.name, "example");
    assert_eq!(profile.raw.capabilities.atomicity, Atomicity::PerCommand);
}

#[rstest]
#[case::not_toml("profile = 1", "profile = ", &["line 1, column 11: this is not TOML: "])]
#[case::version("profile = 1", "profile = 2", &["line 1, column 11: `profile` is 2; this Mercury reads version 1"])]
#[case::name("\"example\"", "\"Example\"", &["line 2, column 8: `name` is no name: "])]
#[case::missing("title = \"An example\"", "", &["line 1, column 1: `title` is missing"])]
#[case::unknown("exit =", "exti =", &["`configure.exti` is unknown; did you mean `exit`?"])]
#[case::word("\"exact\"", "\"exakt\"", &["`ports.naming` is `exakt`; did you mean `exact`?"])]
#[case::type_of_value("pattern = 'eth\\d+'", "pattern = 7", &["`ports.pattern` is an integer where a string is expected"])]
#[case::type_of_table("[answers]\nerrors = ['% .+']", "[[answers]]", &["`answers` is an array where a table is expected"])]
#[case::number("profile = 1", "profile = -1", &["`profile` is not between 0 and 4294967295"])]
#[case::regex("'eth\\d+'", "'eth('", &["`ports.pattern` is no regular expression: unclosed group"])]
#[case::example("example = \"eth1\"", "example = \"xe1\"", &["`ports.example` does not match `ports.pattern`"])]
#[case::no_example("example = \"eth1\"", "", &["`ports.example` is missing"])]
#[case::any_line("'% .+'", "'.*'", &["`answers.errors[0]` matches any line"])]
#[case::prompt("ready = '{host}#', ", "", &["`session.prompts.ready` is missing"])]
#[case::enter("leave = [\"end\"]", "", &["`configure.leave` and `enter` belong together"])]
#[case::of_candidate("exit = \"exit\"", "commit = [\"commit\"]", &["`configure.commit` belongs to `style = \"candidate\"`"])]
#[case::atomicity("\"per_command\"", "\"candidate\"", &["`capabilities.atomicity` is not `per_command`"])]
#[case::saving("\"implicit\"", "\"explicit\"", &["`capabilities.saving` is `explicit`, but there is no `[save]`"])]
#[case::template_missing("closed = true", "closed = true\nport_shut = true", &["`capabilities.port_shut` is set, but no rule reads it back as `admin`", "`render.set_admin` is missing"])]
#[case::template_unused("[render]", "[render]\nset_mtu = 'mtu {{ to }}'", &["`render.set_mtu` is never used: `capabilities.mtu` is not set"])]
#[case::variable("{{ to.untagged }}", "{{ vlan }}", &["`render.set_vlans` uses `vlan`, which is not there"])]
#[case::option("{{ to.untagged }}", "{{ options.asn }}", &["`render.set_vlans` uses the option `asn`"])]
#[case::branch_that_prints_none("{% elif to.mode == \"closed\" %}\n  no vlan\n{% else %}", "{% elif to.mode == \"closed\" %}\n  vlan {{ to.untagged }}\n{% else %}", &["`render.set_vlans` fails: none is printed where a text is needed (line 5 of the template), for example to set port eth1 from access 10 to closed"])]
#[case::reserved("[render]", "[vlans]\nreserved = '5000'\n[render]", &["`vlans.reserved` is refused: VLAN set `5000` is not like"])]
#[case::unused_option("[render]", "[options.x]\nabout = \"x\"\npattern = 'a'\nexample = \"a\"\n[render]", &["`options.x` is used by nothing"])]
#[case::fact("access = \"$vlan\"", "acess = \"$vlan\"", &["`capabilities.access` is set, but no rule reads it back as `access`", "`read[0].rules[1].set.acess`"])]
#[case::group("(?<vlan>\\d+)', set", "(?<vlna>\\d+)', set", &["`read[0].rules[1].set.access`"])]
#[case::lag("atomicity", "lag = { active = true, max_members = 8, naming = \"free\" }\natomicity", &["`lags` is missing", "`capabilities.lag` is set, but no rule", "`read` has nothing that tells all `lag_names`", "`render.add_member` is missing"])]
fn what_is_wrong_is_told(#[case] old: &str, #[case] new: &str, #[case] want: &[&str]) {
    let found = problems(old, new);
    for want in want {
        assert!(found.iter().any(|problem| problem.contains(want)), "{want}: {found:#?}");
    }
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let text = MINIMAL
        .replace("'eth\\d+'", "'eth('")
        .replace("'% .+'", "'% ['")
        .replace("{{ to.untagged }}", "{{ tu.untagged }}")
        .replace("name = \"example\"", "name = \"-\"");
    let error = Profile::parse(&text).unwrap_err();
    let keys: Vec<&str> = error.mistakes.iter().map(|m| m.problem.at.as_str()).collect();
    assert_eq!(keys, ["name", "ports.pattern", "answers.errors[0]", "render.set_vlans"]);
    let lines: Vec<usize> = error.mistakes.iter().map(|m| m.line).collect();
    assert_eq!(lines, [2, 7, 21, 29]);
}

#[test]
fn a_branch_that_sends_nothing_is_found() {
    let found = problems(
        "interface {{ port }}\n{% if to.mode == \"access\" %}\n  vlan {{ to.untagged }}\n\
         {% elif to.mode == \"closed\" %}\n  no vlan\n",
        "{% if to.mode == \"access\" %}\nvlan {{ to.untagged }}\n{% elif to.mode == \"closed\" %}\n",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].ends_with(
            "`render.set_vlans` renders no command, for example to set port eth1 from access 10 \
             to closed"
        ),
        "{found:#?}"
    );
}

#[test]
fn a_text_for_a_shell_is_quoted() {
    let shell = MINIMAL
        .replace("kind = \"terminal\"", "kind = \"commands\"")
        .replace("prompts = { ready", "#")
        .replace("exit = \"exit\"", "")
        .replace("closed = true", "closed = true\ndescription = true")
        .replace("interface {{ port }}", "set")
        .replace("  vlan {{", "vlan {{")
        .replace("  no vlan", "novlan")
        .replace("  {{ line }}", "{{ line }}")
        .replace("set = { mode", "set = { description = \"x\", mode");
    let with = |template: &str| {
        let text = shell.replace("[render]", &format!("[render]\nset_description = '{template}'"));
        Profile::parse(&text).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with("ip {{ (to or \"\") | quoted }}"), Ok(()));
    let error = with("ip \"{{ to or \"\" }}\"").unwrap_err();
    assert!(error.contains("gives a description to the shell without `quoted`"), "{error}");
}

#[test]
fn options_fit_or_are_refused() {
    let text = MINIMAL.replace(
        "[render]",
        "[options.asn]\nabout = \"the BGP number\"\npattern = '\\d{1,10}'\n\
         [options.speed]\nabout = \"speed\"\npattern = 'fast|slow'\ndefault = \"slow\"\n\
         [render]\ncommon = '{{ \"\" if options.asn == options.speed else \"\" }}'",
    );
    let profile = Profile::parse(&text).unwrap();
    let fit = |given: &[(&str, &str)]| {
        let given: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        profile.fit(&given).map_err(|problems| problems[0].to_string())
    };
    let fitted = fit(&[("asn", "65001")]).unwrap();
    assert_eq!(fitted.options["speed"], "slow");
    assert_eq!(fit(&[]).unwrap_err(), "`options.asn` is missing: the BGP number");
    assert_eq!(
        fit(&[("asn", "1; reload")]).unwrap_err(),
        "`options.asn` (the BGP number) is not like `\\d{1,10}`"
    );
    assert_eq!(
        fit(&[("asn", "1"), ("sped", "fast")]).unwrap_err(),
        "`options.sped` is unknown to the profile; did you mean `speed`?"
    );
}

#[test]
fn a_long_profile_is_refused() {
    let text = format!("{MINIMAL}\n#{}", "x".repeat(Profile::MAX_BYTES));
    let error = Profile::parse(&text).unwrap_err().to_string();
    assert_eq!(error, "line 1, column 1: the profile is longer than 262144 bytes");
}

#[test]
fn the_schema_and_the_types_agree() {
    // A key of every table of the minimal profile is in the schema: none is unknown.
    let schema = Profile::schema();
    assert!(schema["properties"].as_object().is_some_and(|known| known.len() > 15));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_text_is_survived(text in "\\PC{0,300}") {
        let _ = Profile::parse(&text);
    }

    #[test]
    fn a_damaged_profile_is_survived(at in 0..MINIMAL.len(), with in "\\PC{0,8}") {
        let mut text = MINIMAL.to_owned();
        if text.is_char_boundary(at) {
            text.replace_range(at..(at + 1).min(text.len()), &with);
        }
        let _ = Profile::parse(&text);
    }
}
