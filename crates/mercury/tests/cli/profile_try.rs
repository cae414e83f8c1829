//! `mercury profile try`, on simulated switches that run in this process.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use fabric::ssh::{Neighbour, Settings, SshSwitch, System, User};
use serde_json::Value;

use super::{mercury, run};

const PASSWORD: &str = "Correct-Horse-7";
const ENABLE: &str = "Battery-Staple-9";

/// A switch, and the files by which it is reached.
struct Bench {
    switch: SshSwitch,
    folder: tempfile::TempDir,
}

/// The rule of the profile by which an access VLAN is read.
const ACCESS: &str = "'switchport access vlan (?P<id>[0-9]+)'";

fn settings() -> Settings {
    Settings::new("leaf-01").ports(4).user(User::new("admin").password(PASSWORD.to_owned()))
}

impl Bench {
    async fn eos() -> Self {
        let lines = [
            "vlan 100,300",
            "interface Ethernet1",
            "switchport access vlan 100",
            "description node-12",
            "interface Ethernet2",
            "switchport mode trunk",
            "switchport trunk allowed vlan 100,300",
        ];
        Self::start(System::Eos, settings().configuration(lines)).await
    }

    async fn start(system: System, settings: Settings) -> Self {
        let switch = SshSwitch::start(system, &settings).await.unwrap();
        let bench = Self { switch, folder: tempfile::tempdir().unwrap() };
        bench.secret("password", PASSWORD);
        bench.secret("enable", ENABLE);
        let known = format!("{}\n", bench.switch.known_hosts_line());
        fs::write(bench.file("known_hosts"), known).unwrap();
        bench.switch.forget();
        bench
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn secret(&self, name: &str, text: &str) {
        fs::write(self.file(name), format!("{text}\n")).unwrap();
        fs::set_permissions(self.file(name), Permissions::from_mode(0o600)).unwrap();
    }

    fn shown(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// A profile that is built in, with something changed.
    fn profile(&self, name: &str, from: &str, to: &str) -> String {
        let (_, text, _) = run(&mut mercury(&format!("profile show {name} --toml")));
        assert!(text.contains(from), "{from}");
        let path = self.file(&format!("{name}.toml"));
        fs::write(&path, text.replace(from, to)).unwrap();
        path.display().to_string()
    }

    fn login(&self) -> String {
        let address = self.switch.address();
        let (known, password) = (self.shown("known_hosts"), self.shown("password"));
        format!("--address {address} --user admin --known-hosts {known} --password-file {password}")
    }

    /// A trial with this login.
    fn try_with(&self, profile: &str, login: &str, more: &str) -> (i32, String, String) {
        let got = run(&mut mercury(&format!("profile try {profile} {login} {more}")));
        for secret in [PASSWORD, ENABLE] {
            assert!(!got.1.contains(secret) && !got.2.contains(secret), "{got:?}");
        }
        got
    }

    fn try_it(&self, profile: &str, more: &str) -> (i32, String, String) {
        self.try_with(profile, &self.login(), more)
    }

    /// Nothing that changes was typed.
    fn assert_untouched(&self) {
        for command in self.switch.commands() {
            let line = command.line.trim();
            let word = line.split_whitespace().next().unwrap_or_default();
            assert!(["", "show", "terminal", "enable", "exit"].contains(&word), "{line}");
        }
        let past = self.switch.history();
        assert!(past.iter().all(|past| past.command == 0), "{past:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_what_was_understood_and_what_would_be_sent() {
    let bench = Bench::eos().await;
    bench.switch.plug(|world| {
        world.cable_mut("Ethernet1").neighbour =
            Some(Neighbour { system_name: "node-12".to_owned(), ..Neighbour::default() });
        world.cable_mut("Ethernet1").macs.push((100, [2, 0, 0, 0, 0, 7]));
    });
    let (code, out, err) = bench.try_it("arista-eos", "--vlan 300 --port Ethernet1 --port Et2");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in [
        "✓ logged in at 127.0.0.1:",
        "it stands at the prompt `leaf-01#`",
        "access 100",
        "trunk allowed 100,300",
        "node-12",
        "02:00:00:00:00:07",
        "`Ethernet1` into VLAN 300",
        "switchport access vlan 300",
        "✓ nothing was changed on the switch",
    ] {
        assert!(out.contains(part), "no `{part}` in\n{out}");
    }
    assert!(!out.contains('✗'), "{out}");
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_one_document() {
    let bench = Bench::eos().await;
    let (code, out, err) = bench.try_it("arista-eos", "--json --port Et2 --port Ethernet1");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["login"]["prompt"], "leaf-01#");
    assert_eq!(told["ports"]["Ethernet1"]["config"]["vlans"]["vlan"], 100);
    assert_eq!(told["ports"].as_object().unwrap().len(), 2);
    assert_eq!(told["vlans"]["300"]["name"], "VLAN0300");
    let operations = told["operations"].as_array().unwrap();
    // The port that was named first.
    assert!(operations[0]["title"].as_str().unwrap().starts_with("`Ethernet2` "), "{operations:?}");
    assert!(told["steps"].as_array().unwrap().iter().all(|step| step["result"] == "good"), "{out}");
    assert_eq!(told["applied"], false);
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn ios_with_an_enable_secret() {
    let lines = [
        "vlan 100",
        "interface GigabitEthernet1/0/1",
        "switchport mode access",
        "switchport access vlan 100",
    ];
    let settings = settings().configuration(lines).enable_secret(ENABLE.to_owned());
    let bench = Bench::start(System::Ios, settings).await;
    let more = format!(
        "--enable-secret-file {} --port GigabitEthernet1/0/1 --transcript {}",
        bench.shown("enable"),
        bench.shown("log")
    );
    let (code, out, err) = bench.try_it("cisco-ios", &more);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("access 100"), "{out}");
    bench.assert_untouched();
    let log = fs::read_to_string(bench.file("log")).unwrap();
    assert!(log.contains("> show ") && !log.contains(ENABLE), "{log}");

    // Without it the switch's question is told, and where to look.
    let (code, out, err) = bench.try_it("cisco-ios", "--port GigabitEthernet1/0/1");
    assert_eq!(code, 6, "{out}{err}");
    assert!(out.contains("✗ no login at 127.0.0.1:"), "{out}");
    assert!(out.contains("< Password:") && out.contains("`session.prompts` (`cisco-ios`"), "{out}");
    assert!(err.contains("enable secret"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_with_another_key_or_refuses_the_login_is_left() {
    let bench = Bench::eos().await;
    let login = bench.login();
    let known = format!("--known-hosts {}", bench.shown("known_hosts"));
    let pinned = login.replace(&known, &format!("--host-key SHA256:{}", "A".repeat(43)));
    let (code, _, err) = bench.try_with("arista-eos", &pinned, "");
    assert_eq!(code, 6, "{err}");
    assert!(err.contains("host key"), "{err}");
    let right = login.replace(&known, &format!("--host-key {}", bench.switch.fingerprint()));
    let (code, out, err) = bench.try_with("arista-eos", &right, "");
    assert_eq!(code, 0, "{out}{err}");
    // Nothing lists the ports, and no port is named.
    assert!(
        out.contains("the profile's `Ethernet1` is read") && out.contains("access 100"),
        "{out}"
    );

    bench.secret("password", "Wrong-Horse-7");
    let (code, out, err) = bench.try_it("arista-eos", "--json");
    assert_eq!((code, out.as_str()), (6, ""), "{err}");
    let told: Value = serde_json::from_str(&err).unwrap();
    assert!(told["message"].as_str().unwrap().contains("admin"), "{err}");
    assert!(!err.contains("Wrong-Horse-7"), "{err}");
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_no_rule_knows_are_shown_with_their_place() {
    let bench = Bench::eos().await;
    let path = bench.profile("arista-eos", ACCESS, &ACCESS.replace("[0-9]+", "[2-9][0-9]*"));
    let (code, out, err) = bench.try_it(&path, "--port Ethernet1");
    assert_eq!((code, err.as_str()), (10, ""), "{out}");
    assert!(out.contains("✗ answers: 1 line that concern"), "{out}");
    assert!(out.contains("concerns VLANs: switchport access vlan 100"), "{out}");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().position(|line| line == "tells = \"ports\"").unwrap();
    let place = |line: usize| format!("`read[0]` (`{path}`, line {line})");
    assert!(out.contains(&place(line)) || out.contains(&place(line + 1)), "{out}");
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_refused_is_shown() {
    let bench = Bench::eos().await;
    let command = "command = \"show mac address-table\"";
    let path = bench.profile("arista-eos", command, "command = \"show mac\"");
    let (code, out, err) = bench.try_it(&path, "--port Ethernet1");
    assert_eq!((code, err.as_str()), (10, ""), "{out}");
    assert!(out.contains("✗ addresses: the switch refused: % Incomplete command"), "{out}");
    assert!(out.contains("the answer to `show mac`:\n      % Incomplete command"), "{out}");
    assert!(out.contains("if the command is wrong: `read["), "{out}");
    // The rest is read all the same.
    assert!(out.contains("access 100"), "{out}");
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_moved_and_put_back() {
    let bench = Bench::eos().await;
    let more = "--port Ethernet1 --vlan 300 --apply";
    let (code, out, err) = bench.try_it("arista-eos", more);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("nobody can be asked") && err.contains("--yes"), "{err}");
    assert_eq!(bench.switch.commands().len(), 0);

    let (code, out, err) = bench.try_it("arista-eos", &format!("{more} --yes"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("✓ `Ethernet1` is read back in VLAN 300"), "{out}");
    assert!(out.contains("✓ `Ethernet1` is as it was: access 100"), "{out}");
    let past = bench.switch.history_of("Ethernet1");
    let untagged: Vec<_> = past.iter().map(|past| past.view.as_ref().unwrap().untagged).collect();
    assert_eq!(untagged, [Some(100), Some(300), Some(100)]);
    let others = bench.switch.history();
    assert!(others.iter().all(|past| past.command == 0 || past.port == "Ethernet1"), "{others:?}");
    let view = bench.switch.port("Ethernet1").unwrap();
    assert_eq!(view.description.as_deref(), Some("node-12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_put_back_is_not_moved() {
    let bench = Bench::eos().await;
    let (code, out, _) = bench.try_it("arista-eos", "--port Ethernet1 --vlan 301 --apply --yes");
    assert_eq!(code, 4, "{out}");
    assert!(out.contains("✗ `Ethernet1` is not moved: VLAN 301 is not defined"), "{out}");
    let path = bench.profile("arista-eos", ACCESS, &ACCESS.replace("[0-9]+", "[2-9][0-9]*"));
    let (code, out, _) = bench.try_it(&path, "--port Ethernet1 --vlan 300 --apply --yes");
    assert_eq!(code, 4, "{out}");
    assert!(out.contains("what it carries is not understood"), "{out}");
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_leaves_the_port_as_it_was() {
    let bench = Bench::eos().await;
    // A word that the switch does not know, in the second of the lines.
    let path = bench.profile("arista-eos", "switchport access vlan {{", "switchport acess vlan {{");
    let (code, out, err) = bench.try_it(&path, "--port Ethernet1 --vlan 300 --apply --yes");
    assert_eq!((code, err.as_str()), (5, ""), "{out}");
    assert!(out.contains("✗ `Ethernet1` was not moved: the switch refused: "), "{out}");
    assert!(out.contains("✓ `Ethernet1` is as it was: access 100"), "{out}");
    assert_eq!(bench.switch.port("Ethernet1").unwrap().untagged, Some(100));
}

/// A configuration of the service with this switch.
fn service(bench: &Bench, policy: &str) -> String {
    fs::write(bench.file("policy.toml"), policy).unwrap();
    let text = format!(
        "state_dir = \"{0}\"\npolicy = \"{0}/policy.toml\"\n[audit]\nfile = \"{0}/audit.log\"\n\
         [[listen]]\naddress = \"unix:{0}/sock\"\nauth = \"none\"\n[switch.leaf-01]\ndriver = \"ssh\"\n\
         profile = \"arista-eos\"\naddress = \"{1}\"\ndetach = \"closed\"\n\
         [switch.leaf-01.ssh]\nuser = \"admin\"\npassword = {{ file = \"{0}/password\" }}\n\
         known_hosts = \"{0}/known_hosts\"\n",
        bench.folder.path().display(),
        bench.switch.address()
    );
    fs::write(bench.file("switchd.toml"), text).unwrap();
    bench.shown("switchd.toml")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_may_come_from_the_services_configuration() {
    let bench = Bench::eos().await;
    let policy = "version = 1\n[[protected]]\nname = \"uplinks\"\nreason = \"to the spine\"\n\
                  switches = [\"*\"]\nports = [\"Ethernet2\"]\n";
    let login = format!("--config {} --switch leaf-01", service(&bench, policy));
    let (code, out, err) = bench.try_with("arista-eos", &login, "--port Ethernet1");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let more = "--port Ethernet2 --vlan 300 --apply --yes";
    let (code, out, err) = bench.try_with("arista-eos", &login, more);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("is protected by `uplinks` (to the spine)"), "{err}");
    let (code, _, err) = bench.try_with("arista-eos", &login.replace("leaf-01", "leaf-02"), "");
    assert_eq!(code, 2);
    assert!(err.contains("has no switch `leaf-02`\nhint: it has `leaf-01`"), "{err}");
    bench.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let bench = Bench::eos().await;
    let login = bench.login();
    let known = format!("--known-hosts {}", bench.shown("known_hosts"));
    let password = format!("--password-file {}", bench.shown("password"));
    let without = |what: &str| login.replace(what, "");
    for (profile, login, more, code, part) in [
        ("arista-eos", without(&known), "", 2, "nothing says which host key"),
        ("arista-eos", without(&password), "", 2, "hint: `--password-file FILE`"),
        ("arista-eos", login.clone(), "--port mgmt0x", 4, "is no name of a port of this profile"),
        ("arista-eos", login.clone(), "--apply --yes", 2, "--port"),
        ("arista-eos", login.clone(), "--option bridge=x", 2, "unknown to the profile"),
        ("arista", login.clone(), "", 2, "there is no profile `arista`"),
        ("/nowhere.toml", login.clone(), "", 1, "cannot read `/nowhere.toml`"),
        ("arista-eos", String::new(), "", 2, "--address"),
    ] {
        let (got, out, err) = bench.try_with(profile, &login, more);
        assert_eq!((got, out.as_str()), (code, ""), "{profile} {more}: {err}");
        assert!(err.contains(part), "{part}: {err}");
    }
    fs::set_permissions(bench.file("password"), Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = bench.try_it("arista-eos", "");
    assert!(code == 1 && err.contains("hint: chmod 0600"), "{err}");
    assert_eq!(bench.switch.commands().len(), 0);

    fs::set_permissions(bench.file("password"), Permissions::from_mode(0o600)).unwrap();
    let (code, out, _) = bench.try_it("arista-eos", "--port Ethernet77");
    assert_eq!(code, 4, "{out}");
    assert!(out.contains("✗ there is no port `Ethernet77`"), "{out}");
    assert!(Path::new(&bench.shown("known_hosts")).exists());
}

#[test]
fn help_teaches() {
    let (code, out, _) = run(&mut mercury("profile try --help"));
    assert_eq!(code, 0);
    for part in ["  mercury profile try mine/NAME.toml --address leaf-01", "with 7 when the port"] {
        assert!(out.contains(part), "{out}");
    }
}
