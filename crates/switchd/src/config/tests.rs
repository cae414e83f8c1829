use std::fs;

use super::*;

const MINIMAL: &str = r#"
state_dir = "state"
policy = "policy.toml"
[[listen]]
address = "127.0.0.1:0"
auth = "none"
"#;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchd.toml");
    fs::write(&path, text).unwrap();
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Config::load_with(&path, Some(variables.collect())).map_err(|error| {
        let folder = format!("{}/", folder.path().display());
        error.to_string().replace(&folder, "")
    })
}

/// The problems of a file that is the minimal one and `more`.
fn problems(more: &str) -> String {
    load(&format!("{MINIMAL}\n{more}"), &[]).unwrap_err()
}

fn example(uncommented: bool) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/switchd.toml");
    let text = fs::read_to_string(path).unwrap();
    if !uncommented {
        return text;
    }
    // `#key = …` and `#[table]` are keys that are off; `# text` is text.
    let on = text.lines().map(|line| {
        let key = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        key.unwrap_or(line)
    });
    on.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_loads_as_it_is_and_with_every_key_on() {
    let as_it_is = load(&example(false), &[]).unwrap();
    assert!(!as_it_is.switches.is_empty());
    let all = load(&example(true), &[]).unwrap();
    assert!(all.switches.len() > as_it_is.switches.len());
    assert_eq!(all.pairs.len(), 1);
}

#[test]
fn the_example_shows_every_key_there_is() {
    fn keys(schema: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        let alternatives = schema["anyOf"].as_array().into_iter().flatten();
        for part in alternatives.chain([schema, &schema["items"], &schema["additionalProperties"]])
        {
            for (name, member) in part["properties"].as_object().into_iter().flatten() {
                found.push(name.clone());
                keys(member, &format!("{path}.{name}"), found);
            }
        }
    }
    let mut found = Vec::new();
    keys(&known::schema(), "", &mut found);
    assert!(found.len() > 40, "{found:?}");
    let example = example(true);
    let shown = |key: &String| {
        let whole_word = |text: &str| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == key)
        };
        example.lines().filter(|line| !line.starts_with("# ")).any(whole_word)
    };
    let missing: Vec<_> = found.iter().filter(|key| !shown(key)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn defaults_and_paths() {
    let config = load(MINIMAL, &[]).unwrap();
    assert_eq!(config.limits.body_bytes, 1024 * 1024);
    assert_eq!(config.limits.shutdown, Duration::from_secs(30));
    assert_eq!(config.save.max_changes, 100);
    assert!(config.audit.fsync);
    assert!(config.state_dir.is_absolute() && config.state_dir.ends_with("state"));
    assert_eq!(config.audit.file, config.state_dir.join("audit.jsonl"));
    assert_eq!(config.listen[0].address.to_string(), "127.0.0.1:0");
    assert_eq!(config.log, Log { filter: "info".to_owned(), format: LogFormat::Text });
}

#[test]
fn a_listener_may_have_ironics_methods() {
    let listener = "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"none\"\nmethods = \"ironic\"\n";
    let ironic = "[ironic]\nunknown_switch = \"network_error\"\ntimeout_ms = 5000\n";
    let config =
        load(&format!("{MINIMAL}{listener}path = \"/x\"\n{listener}{ironic}"), &[]).unwrap();
    let paths: Vec<_> =
        config.listen.iter().map(|listen| (listen.methods, listen.path.as_str())).collect();
    let want =
        [(MethodTable::Native, "/v1/rpc"), (MethodTable::Ironic, "/x"), (MethodTable::Ironic, "/")];
    assert_eq!(paths, want);
    let timeout = Duration::from_secs(5);
    assert_eq!(config.ironic, Ironic { unknown_switch: UnknownSwitch::NetworkError, timeout });

    let got = problems("[ironic]\ntimeout_ms = 0\n");
    assert!(got.contains("`ironic.timeout_ms` is 0; 1 to 86400000 are allowed"), "{got}");
}

#[test]
fn the_environment_goes_on_top_and_is_typed() {
    let switch = format!("{MINIMAL}\n[switch.leaf-01]\ndriver = \"noop\"\n");
    let config = load(
        &switch,
        &[
            ("MERCURY_SWITCHD__LIMITS__BATCH", "7"),
            ("MERCURY_SWITCHD__AUDIT__FSYNC", "false"),
            ("MERCURY_SWITCHD__LOG__FORMAT", "json"),
            ("MERCURY_SWITCHD__POLICY", "/etc/other.toml"),
            ("MERCURY_SWITCHD__SWITCH__LEAF-01__ALLOWED_VLANS", "100-199,300"),
            ("MERCURY_SWITCHD__SWITCH__LEAF-01__IDLE_VLAN", "4000"),
            ("MERCURY_SWITCHD__SWITCH__LEAF-01__PORTS", "swp1, swp2"),
            ("MERCURY_OTHER", "x"),
        ],
    )
    .unwrap();
    assert_eq!(config.limits.batch, 7);
    assert!(!config.audit.fsync);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.policy, Path::new("/etc/other.toml"));
    let leaf = &config.switches[&"leaf-01".parse::<SwitchName>().unwrap()];
    assert_eq!(leaf.allowed_vlans.as_ref().unwrap().to_string(), "100-199,300");
    assert_eq!(leaf.detach, Detach::IdleVlan(model::Vlan::new(4000).unwrap()));
    assert!(
        matches!(&leaf.driver, DriverConfig::Noop { ports: Some(ports), .. } if ports.len() == 2)
    );
}

#[test]
fn a_problem_in_the_environment_says_so() {
    let got = load(
        MINIMAL,
        &[("MERCURY_SWITCHD__LIMITS__BATCH", "ten"), ("MERCURY_SWITCHD__LIMTS__BATCH", "1")],
    );
    assert_eq!(
        got.unwrap_err(),
        "the environment: `limts` is unknown\nhint: did you mean `limits`?\n\
         the environment: `limits.batch` is string \"ten\" where an integer is expected"
    );
}

#[test]
fn all_problems_are_told_together() {
    let got = load(
        r#"
polcy = "x"
state_dir = 1
[[listen]]
address = "0.0.0.0:8191"
auth = "none"
[limits]
bach = 5
body_bytes = 1
[switch."a/b"]
driver = "noop"
[switch.leaf-01]
driver = "ovsdb"
adress = "unix:/x"
[switch.leaf-02]
driver = "noop"
idle_vlan = 4095
"#,
        &[],
    );
    let text = got.unwrap_err();
    for line in [
        "switchd.toml: `polcy` is unknown\nhint: did you mean `policy`?",
        "switchd.toml: `limits.bach` is unknown\nhint: did you mean `limits.batch`?",
        "switchd.toml: `switch.leaf-01.adress` is unknown\nhint: did you mean `switch.leaf-01.address`?",
        "switchd.toml: `policy` is missing",
        "switchd.toml: `listen[0].auth` is `none` on an address that other machines reach\nhint: ",
        "switchd.toml: `limits.body_bytes` is 1; 1024 to 67108864 are allowed",
        "switchd.toml: `switch.a/b` is refused: switch name `a/b` holds `/`",
        "switchd.toml: `switch.leaf-01.address` is missing\nhint: ",
        "switchd.toml: `switch.leaf-02.idle_vlan` is refused: VLAN ID `4095` is not an integer from 1 to 4094",
    ] {
        assert!(text.contains(line), "{line}\n--- not in:\n{text}");
    }
}

#[rstest::rstest]
#[case(
    "[limits]\nqueue = 5",
    "`limits.queue` is unknown\nhint: did you mean `limits.queue_per_switch`?"
)]
#[case("[limits]\nzzz = 5", "`limits.zzz` is unknown\nhint: known here: `batch`, `body_bytes`")]
#[case("[limits]\nbatch = \"many\"", "`limits.batch` is string \"many\" where")]
#[case("[log]\nformat = \"xml\"", "`log.format` ")]
#[case(
    "[save]\nmax_age_ms = 99999999999",
    "`save.max_age_ms` is 99999999999; 0 to 86400000 are allowed"
)]
#[case(
    "[[listen]]\naddress = \"localhost:1\"\nauth = \"none\"",
    "`listen[1].address` is `localhost:1`, which is neither like"
)]
#[case("[[listen]]\naddress = \"127.0.0.1:1\"", "`listen[1].auth` is missing")]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"basic\"",
    "`listen[1].htpasswd` is missing: `auth` is `basic`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\nhtpasswd = \"x\"",
    "`listen[1].htpasswd` means nothing when `auth` is `none`"
)]
#[case(
    "[[listen]]\naddress = \"10.0.0.1:1\"\nauth = \"basic\"\nhtpasswd = \"x\"",
    "`listen[1].plaintext` is not `true`, but without TLS"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"bearer\"",
    "`listen[1].auth` has `bearer`, which is no scheme\nhint: `none`, or one or several of `basic`, `digest`, `token`, `certificate`, `keystone`"
)]
#[case("[[listen]]\naddress = \"127.0.0.1:1\"\nauth = []", "`listen[1].auth` names no scheme")]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = [\"none\", \"basic\"]",
    "`listen[1].auth` has `none` beside a scheme"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = [\"basic\", \"basic\"]",
    "`listen[1].auth` names `basic` twice"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = [\"basic\", \"digest\"]\nhtpasswd = \"x\"",
    "`listen[1].digest` is missing: `auth` has `digest`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"token\"",
    "`listen[1].token` is missing: `auth` is `token`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"token\"\n[[listen.token]]\nname = \"a b\"\nsecret = { file = \"x\" }",
    "`listen[1].token[0].name` is refused: the name is not 1 to 256"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"token\"\n[[listen.token]]\nname = \"a\"\nsecret = \"hunter2\"",
    "`listen[1].token"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"digest\"\nmethods = \"ironic\"\n[listen.digest]\nusers = \"x\"",
    "`listen[1].auth` is `digest` alone, which Ironic's client does not speak"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"digest\"\n[listen.digest]\nusers = \"x\"\nrealm = \"a:b\"",
    "`listen[1].digest.realm` is not 1 to 64 printable characters"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"digest\"\n[listen.digest]\nusers = \"x\"\nnonce_lifetime_ms = 1",
    "`listen[1].digest.nonce_lifetime_ms` is 1; 1000 to 86400000"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"certificate\"",
    "`listen[1].tls.client_ca` is missing: `auth` is `certificate`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\n[listen.tls]\ncertificate = \"c\"\nkey = { file = \"k\" }\nclient_ca = \"x\"",
    "`listen[1].tls.client_ca` means nothing unless `auth` has `certificate`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"certificate\"\n[listen.tls]\ncertificate = \"c\"\nkey = { file = \"k\" }\nclient_ca = \"x\"\n[listen.certificate.names]\n\"a.b\" = \"anonymous\"",
    "`listen[1].certificate.names.a.b` is refused: the name `anonymous`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\n[listen.tls]\ncertificate = \"c\"\nkey = { file = \"k\" }\nminimum = \"1.1\"",
    "`listen[1].tls"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\nplaintext = true\n[listen.tls]\ncertificate = \"c\"\nkey = { file = \"k\" }",
    "`listen[1].plaintext` means nothing where there is TLS"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = [\"token\", \"keystone\"]",
    "`listen[1].auth` has `token` beside `keystone`, which have the same header"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"keystone\"\n[listen.keystone]\nurl = \"http://keystone:5000\"\nusername = \"m\"\npassword = { env = \"P\" }",
    "`listen[1].keystone.url` is `http://`, so that everybody on the way reads our password"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"keystone\"\n[listen.keystone]\nurl = \"keystone:5000\"\nusername = \"m\"\npassword = { env = \"P\" }",
    "`listen[1].keystone.url` is not like `https://"
)]
#[case(
    "[[listen]]\naddress = \"unix:x\"\nauth = \"none\"\n[listen.tls]\ncertificate = \"c\"\nkey = { file = \"k\" }",
    "`listen[1].tls` means nothing on a unix socket"
)]
#[case(
    "[[listen]]\naddress = \"10.0.0.1:1\"\nauth = \"digest\"\n[listen.digest]\nusers = \"x\"",
    "`listen[1].plaintext` is not `true`, but without TLS"
)]
#[case(
    "[[listen]]\naddress = \"unix:x\"\nauth = \"none\"\nsocket_mode = \"0666\"",
    "`listen[1].socket_mode` is `0666`; `0600` and `0660` are allowed"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\npath = \"rpc\"",
    "`listen[1].path` is `rpc`, which is no plain path like `/v1/rpc`"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\npath = \"/{any}\"",
    "`listen[1].path` is `/{any}`, which is no plain path"
)]
#[case(
    "[[listen]]\naddress = \"127.0.0.1:1\"\nauth = \"none\"\npath = \"/metrics\"",
    "`listen[1].path` is `/metrics`, which is there for monitoring"
)]
#[case("[switch.a]\ndriver = \"sonic\"", "`switch.a.driver` ")]
#[case(
    "[switch.a]\ndriver = \"noop\"\nbridge = \"br0\"",
    "`switch.a.bridge` means nothing to the driver `noop`"
)]
#[case("[switch.a]\ndriver = \"chaos\"", "`switch.a.chaos` is missing: `driver` is `chaos`")]
#[case(
    "[switch.a]\ndriver = \"chaos\"\nchaos = { driver = \"chaos\" }",
    "`switch.a.chaos.driver` is `chaos`, which cannot be behind itself"
)]
#[case(
    "[switch.a]\ndriver = \"chaos\"\nchaos = { driver = \"noop\", faults = { fire = 0.1 } }",
    "`switch.a.chaos.faults.fire` is unknown\nhint: known here: `unreachable`"
)]
#[case(
    "[switch.a]\ndriver = \"chaos\"\nchaos = { driver = \"noop\", faults = { hang_after = 2.0 } }",
    "`switch.a.chaos.faults.hang_after` is refused: `2` is not a probability"
)]
#[case("[switch.a]\ndriver = \"plugin\"", "`switch.a.plugin` is missing: `driver` is `plugin`")]
#[case(
    "[switch.a]\ndriver = \"plugin\"\nplugin = { command = [\"my-plugin\"] }",
    "`switch.a.plugin.command` does not begin with the absolute path of a program\nhint: `command"
)]
#[case(
    "[switch.a]\ndriver = \"plugin\"\nplugin = { command = [\"/x\"], memory_mb = 1 }",
    "`switch.a.plugin.memory_mb` is 1; 16 to 1048576 are allowed"
)]
#[case(
    "[switch.a]\ndriver = \"plugin\"\nplugin = { command = [\"/x\"], settings_of = {} }",
    "`switch.a.plugin.settings_of` is unknown\nhint: did you mean `switch.a.plugin.settings`?"
)]
#[case(
    "[switch.a]\ndriver = \"plugin\"\nplugin = { command = [\"/x\"], secrets = { p = { fil = \"y\" } } }",
    "`switch.a.plugin.secrets.p.fil` is unknown\nhint: did you mean `switch.a.plugin.secrets.p.file`?"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nplugin = { command = [\"/x\"] }",
    "`switch.a.plugin` means nothing unless `driver` is `plugin`"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\ndetach = \"idle_vlan\"",
    "`switch.a.idle_vlan` is missing: `detach` is `idle_vlan`"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\ndetach = \"closed\"\nidle_vlan = 1",
    "`switch.a.idle_vlan` means nothing when `detach` is `closed`"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nswitch_ids = [\"xx\"]",
    "`switch.a.switch_ids` is refused: MAC address `xx`"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nallowed_vlans = \"0-5\"",
    "`switch.a.allowed_vlans` is refused: VLAN set `0-5`"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nallowed_ports = [\"swp[\"]",
    "`switch.a.allowed_ports` is refused: "
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nlag_ids = \"5-1\"",
    "`switch.a.lag_ids` is `5-1`, which is not like `1-100`"
)]
#[case(
    "[switch.a]\ndriver = \"ovsdb\"\naddress = \"ssl:10.0.0.1:6640\"",
    "`switch.a.tls` is missing: the address is `ssl:`"
)]
#[case(
    "[switch.a]\ndriver = \"ovsdb\"\naddress = \"ssl:h:1\"\ntls = { ca = \"x\", certificate = \"y\" }",
    "`switch.a.tls` has only one of `certificate` and `key`"
)]
#[case(
    "[switch.a]\ndriver = \"ovsdb\"\naddress = \"ssl:h:1\"\ntls = { ca = \"x\", certificate = \"y\", key = { file = \"k\", env = \"K\" } }",
    "`switch.a.tls.key` is refused: it is not one of"
)]
#[case(
    "[switch.a]\ndriver = \"ovsdb\"\naddress = \"ssl:h:1\"\ntls = { ca = \"x\", certificate = \"y\", key = { fil = \"k\" } }",
    "`switch.a.tls.key.fil` is unknown\nhint: did you mean `switch.a.tls.key.file`?"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\n[pair.p]\nswitches = [\"a\"]",
    "`pair.p.switches` does not name two different switches"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\n[pair.p]\nswitches = [\"a\", \"b\"]",
    "`pair.p.switches` names `b`, which is no switch of this file"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\n[switch.b]\ndriver = \"noop\"\n[pair.p]\nswitches = [\"a\", \"b\"]\n[pair.q]\nswitches = [\"a\", \"b\"]",
    "`pair.q.switches` names `a`, which is in pair `p` already"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nidle_vlan = 1005\nvxlan_vlans = \"1000-1009\"",
    "`switch.a.vxlan_vlans` holds VLAN 1005, which is an idle VLAN or that of a flat network"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\n[switch.b]\ndriver = \"noop\"\nflat_networks = { x = 7 }\n[pair.p]\nswitches = [\"a\", \"b\"]\nvxlan_vlans = \"5-9\"",
    "`pair.p.vxlan_vlans` holds VLAN 7, which is an idle VLAN or that of a flat network"
)]
#[case(
    "[switch.a]\ndriver = \"noop\"\nvxlan_vlans = \"0\"",
    "`switch.a.vxlan_vlans` is refused: VLAN set `0`"
)]
#[case(
    "[switch.a]\ndriver = \"ovsdb\"\naddress = \"tcp:h:1\"\nvlans = \"1-9\"",
    "`switch.a.vlans` means nothing to the driver `ovsdb`"
)]
#[case("[switch", "the file is not TOML: ")]
fn a_bad_key_is_refused_with_its_path(#[case] more: &str, #[case] expected: &str) {
    let text = problems(more);
    assert!(text.contains(&format!("switchd.toml: {expected}")), "{text}");
}

#[test]
fn what_a_plugin_is_told_is_its_own_business() {
    let text = r#"
[switch.a]
driver = "plugin"
[switch.a.plugin]
command = ["/bin/x", "-v"]
settings = { Host = "h", port = 22, flags = [true, { deep = 1.5 }] }
secrets = { password = { file = "p" } }
"#;
    let config = load(&format!("{MINIMAL}\n{text}"), &[]).unwrap();
    let DriverConfig::Plugin(plugin) = &config.switches[&"a".parse().unwrap()].driver else {
        panic!("{:?}", config.switches);
    };
    let settings = serde_json::json!({ "Host": "h", "port": 22, "flags": [true, { "deep": 1.5 }] });
    assert_eq!(serde_json::Value::Object(plugin.settings.clone()), settings);
    assert_eq!(plugin.memory_bytes, 512 << 20);
    let secret = format!("{:?}", plugin.secrets["password"]);
    assert!(secret.starts_with("File(") && secret.ends_with("/p\")"), "{secret}");
}

#[test]
fn a_name_with_dots_is_one_name() {
    let config = load(&format!("{MINIMAL}\n[switch.\"leaf-01.dc1\"]\ndriver = \"noop\"\n"), &[]);
    let names: Vec<_> = config.unwrap().switches.into_keys().collect();
    assert_eq!(names, ["leaf-01.dc1".parse().unwrap()]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load_with(Path::new("/nowhere/switchd.toml"), None).unwrap_err();
    assert!(
        error.to_string().starts_with("/nowhere/switchd.toml: the file cannot be read: No such"),
        "{error}"
    );
}

const SSH: &str = "[switch.a]\ndriver = \"ssh\"\nprofile = \"arista-eos\"\naddress = \"a.example\"\n\
    [switch.a.ssh]\nuser = \"m\"\npassword = { env = \"P\" }\nknown_hosts = \"known\"\n";

#[test]
fn a_switch_over_ssh() {
    let more = "legacy = [\"ssh-rsa\"]\noptions = { bgp_asn = 65000, vtep = \"1.2.3.4\" }\n\
        [[switch.a.ssh.jump]]\naddress = \"[::1]:2222\"\nuser = \"j\"\nagent = \"agent\"\n\
        host_keys = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"\n";
    let config = load(&format!("{MINIMAL}{SSH}{more}"), &[]).unwrap();
    let DriverConfig::Ssh(ssh) = &config.switches.values().next().unwrap().driver else {
        panic!("another driver")
    };
    assert_eq!(
        (ssh.profile.as_str(), ssh.login.host.as_str(), ssh.login.port),
        ("arista-eos", "a.example", 22)
    );
    assert!(matches!(&ssh.login.host_keys, HostKeys::Known(file) if file.is_absolute()));
    assert_eq!(ssh.login.legacy, Legacy::These(vec!["ssh-rsa".to_owned()]));
    let options: Vec<_> = ssh.options.iter().map(|(name, word)| format!("{name}={word}")).collect();
    assert_eq!(options, ["bgp_asn=65000", "vtep=1.2.3.4"]);
    assert_eq!((ssh.jump[0].host.as_str(), ssh.jump[0].port), ("::1", 2222));
    assert!(matches!(&ssh.jump[0].host_keys, HostKeys::Pinned(pins) if pins.len() == 1));
    assert_eq!((ssh.keepalive, ssh.confirm_commits), (Duration::from_secs(15), false));
}

#[rstest::rstest]
#[case(("known_hosts = \"known\"\n", ""), "`switch.a.ssh` does not say how the host's key is known")]
#[case(("known_hosts = \"known\"\n", "known_hosts = \"k\"\nfirst_use = \"f\"\n"), "`switch.a.ssh` does not say how the host's key is known")]
#[case(("known_hosts = \"known\"\n", "host_keys = [\"MD5:00\"]\n"), "`switch.a.ssh.host_keys` holds `MD5:00`, which is no fingerprint")]
#[case(("password = { env = \"P\" }\n", ""), "`switch.a.ssh` has no credential")]
#[case(("password = { env = \"P\" }\n", "password = \"hunter2\"\n"), "a secret does not stand in this file")]
#[case(("password = { env = \"P\" }\n", "password = 12345\n"), "a secret does not stand in this file")]
#[case(("user = \"m\"", "user = \"m\"\nkey_passphrase = { env = \"K\" }"), "`switch.a.ssh.key_passphrase` means nothing without `key`")]
#[case(("user = \"m\"", "user = \"a b\""), "`switch.a.ssh.user` is no user's name")]
#[case(("user = \"m\"\n", ""), "user")]
#[case(("profile = \"arista-eos\"\n", ""), "`switch.a.profile` is missing: `driver` is `ssh`")]
#[case(("address = \"a.example\"\n", ""), "`switch.a.address` is missing: `driver` is `ssh`")]
#[case(("a.example", "a.example:ssh"), "`switch.a.address` is refused: `a.example:ssh` is not like")]
#[case(("\"ssh\"", "\"noop\""), "`switch.a.profile` means nothing to the driver `noop`")]
#[case(("user = \"m\"", "user = \"m\"\nkeepalive_ms = 1"), "`switch.a.ssh.keepalive_ms` is 1; 1000 to 86400000 are allowed")]
#[case(("user = \"m\"", "user = \"m\"\nstrict = false"), "`switch.a.ssh.strict` is unknown")]
fn a_wrong_section_of_ssh_is_refused(#[case] (from, to): (&str, &str), #[case] want: &str) {
    let text = SSH.replacen(from, to, 1);
    assert_ne!(text, SSH);
    let got = problems(&text);
    assert!(got.contains(want), "{got}");
    assert!(!got.contains("hunter2") && !got.contains("12345"), "{got}");
}
