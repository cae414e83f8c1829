//! `mercury import`: realistic inputs, and the service's own judgement of what is made of them.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{mercury, run};

const SWITCHES: &str = include_str!("import/switches.ini");
const CONF: &str = include_str!("import/ironic.conf");
const NGS: &str = include_str!("import/ml2_conf_genericswitch.ini");
const EVERY: &str = include_str!("import/every_device.ini");

/// A folder with the inputs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("switches.ini", SWITCHES);
        let htpasswd = folder.path("htpasswd");
        folder.write("ironic.conf", &CONF.replace("HTPASSWD", &htpasswd.display().to_string()));
        folder.write("ngs.ini", NGS);
        folder.write("every.ini", EVERY);
        let hash = "$2y$04$eTQnKcE0Jc36Q7DpMmyFceuPtCJnD0.1bzSJ2.yuinpm/zOydmuKy";
        folder.write("htpasswd", &format!("ironic:{hash}\n"));
        fs::set_permissions(htpasswd, fs::Permissions::from_mode(0o600)).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes a secret that its owner alone can read.
    fn secret(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs in this folder, and gives code, output and errors with `@` for it.
    fn run(&self, words: &str) -> (i32, String, String) {
        let (code, out, err) = run(mercury(words).current_dir(self.0.path()));
        (code, self.hidden(&out), self.hidden(&err))
    }

    /// A text with `@` for this folder, whose name is another one each time.
    fn hidden(&self, text: &str) -> String {
        let real = fs::canonicalize(self.0.path()).unwrap();
        text.replace(&real.display().to_string(), "@")
            .replace(&self.0.path().display().to_string(), "@")
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }
}

const BOTH: &str = "import ironic-networking switches.ini ironic.conf";

#[test]
fn ironics_files_become_a_configuration_that_the_service_takes() {
    let folder = Folder::new();
    let key = folder.path("id_ed25519").display().to_string();
    folder.secret("id_ed25519", "x");
    folder.write("switches.ini", &SWITCHES.replace("/etc/ironic/id_ed25519", &key));
    let (code, out, err) =
        folder.run(&format!("{BOTH} --output switchd.toml --secrets-dir secrets"));
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("ironic_table", out);
    insta::assert_snapshot!("ironic_switchd", folder.hidden(&folder.read("switchd.toml")));
    insta::assert_snapshot!("ironic_policy", folder.read("policy.toml"));
    let (code, out, err) = folder.run("config check switchd.toml");
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("ironic_check", out);
    // Secrets are in files of their own and nowhere else.
    assert_eq!(folder.read("secrets/tor-b.password"), "s3cret; with # signs");
    assert_eq!(folder.read("secrets/tor-b.enable_secret"), "hunter2");
    assert_eq!(folder.mode("secrets/tor-b.password"), 0o600);
    assert_eq!(folder.mode("secrets"), 0o700);
    let all = format!("{out}{}{}", folder.read("switchd.toml"), folder.read("policy.toml"));
    assert!(!all.contains("s3cret") && !all.contains("hunter2"), "{all}");
}

#[test]
fn the_libraries_file_becomes_a_configuration_that_the_service_takes() {
    let folder = Folder::new();
    let (code, out, err) = folder.run("import ngs ngs.ini --output switchd.toml");
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("ngs_table", out);
    insta::assert_snapshot!("ngs_switchd", folder.read("switchd.toml"));
    insta::assert_snapshot!("ngs_policy", folder.read("policy.toml"));
    // What was not carried over is for the operator to write, and without it nothing runs.
    let (code, _, err) = folder.run("config check switchd.toml");
    assert!(code == 10 && err.contains("`secrets/leaf-01.password`"), "{err}");
    for name in ["leaf-01.password", "leaf-02.password", "leaf-02.secret", "leaf-02.passphrase"] {
        folder.secret(&format!("secrets/{name}"), "x");
    }
    let switchd = folder.read("switchd.toml");
    folder.secret("id_ed25519", "x");
    folder.write("switchd.toml", &switchd.replace("~/.ssh/id_ed25519", "id_ed25519"));
    let (code, out, err) = folder.run("config check switchd.toml");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    insta::assert_snapshot!("ngs_check", out);
    assert!(!switchd.contains("s3cret"));
}

/// One section for each device type of networking-generic-switch 10.2.0. What comes out is what
/// the service takes, once the secrets are where it says.
#[test]
fn every_device_of_the_library_becomes_a_switch_that_the_service_takes() {
    let folder = Folder::new();
    let (code, out, err) = folder.run("import ngs every.ini --output switchd.toml");
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("every_table", out);
    let switchd = folder.read("switchd.toml");
    insta::assert_snapshot!("every_switchd", switchd);
    let written: toml::Table = switchd.parse().unwrap();
    for (name, switch) in written["switch"].as_table().unwrap() {
        let Some(login) = switch.get("ssh") else { continue };
        for key in ["password", "enable_secret"] {
            let Some(file) = login.get(key).and_then(|secret| secret["file"].as_str()) else {
                continue;
            };
            assert!(file.starts_with(&format!("secrets/{name}.")), "{file}");
            folder.secret(file, "s3cret");
        }
    }
    let (code, out, err) = folder.run("config check switchd.toml --json");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    // Each is called as its device is, without what all of them begin with.
    let mut want: Vec<_> = EVERY
        .lines()
        .filter_map(|line| line.strip_prefix("device_type = netmiko_"))
        .map(|kind| Value::from(kind.replace('_', "-")))
        .collect();
    want.sort_by_key(|name| name.as_str().map(str::to_owned));
    assert_eq!(want.len(), 25);
    assert_eq!(answer["switches"].as_array().unwrap(), &want);
}

#[test]
fn json_has_a_row_for_every_option_and_no_secret() {
    let folder = Folder::new();
    for (words, options) in [(BOTH, 54), ("import ngs ngs.ini", 41)] {
        let (code, out, err) = folder.run(&format!("{words} --json"));
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(!out.contains("s3cret") && !out.contains("hunter2"), "{out}");
        let answer: Value = serde_json::from_str(&out).unwrap();
        let inputs = words.split_whitespace().filter(|word| word.contains('.'));
        let lines: usize = inputs
            .map(|name| folder.read(name))
            .map(|text| text.lines().filter(|line| line.contains('=')).count())
            .sum();
        let rows = answer["options"].as_array().unwrap();
        assert_eq!((rows.len(), lines), (options, options));
        let text = answer["files"]["switchd.toml"].as_str().unwrap();
        assert!(text.contains("NO DRIVER YET"), "{text}");
    }
}

#[test]
fn without_an_output_the_configuration_is_printed_and_the_table_is_beside_it() {
    let folder = Folder::new();
    let (code, out, err) = folder.run("import ironic-networking switches.ini");
    assert_eq!(code, 0);
    assert!(out.starts_with("# Made by `mercury import ironic-networking`."), "{out}");
    assert!(out.contains("address = \"127.0.0.1:8089\"\nmethods = \"ironic\"\nauth = \"none\"\n"));
    assert!(err.contains("carried over: "), "{err}");
    assert!(err.contains("note: switches.ini:42: Ironic skips the section `[tor-c]`"), "{err}");
    assert!(err.contains("note: `password` of `tor-b` was not carried over"), "{err}");
    folder.write("switchd.toml", &out.replace("/etc/ironic/id_ed25519", "id_ed25519"));
    folder.secret("secrets/tor-b.password", "x");
    folder.secret("secrets/tor-b.enable_secret", "x");
    folder.secret("id_ed25519", "x");
    folder.write("policy.toml", "version = 1\n");
    assert_eq!(folder.run("config check switchd.toml").0, 0);
}

#[test]
fn nothing_is_overwritten_unless_asked_and_a_policy_never() {
    let folder = Folder::new();
    folder.write("switchd.toml", "mine");
    folder.write("policy.toml", "version = 1\n");
    let import = "import ngs ngs.ini --output switchd.toml --secrets-dir secrets";
    let (code, out, err) = folder.run(import);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("`switchd.toml` is there already; nothing was written"), "{err}");
    assert!(err.contains("hint: `--force` writes over it"), "{err}");
    assert_eq!(folder.read("switchd.toml"), "mine");
    assert!(!folder.path("secrets").exists());
    let (code, out, _) = folder.run(&format!("{import} --force"));
    assert_eq!(code, 0);
    assert!(out.contains("there is a `policy.toml` already, which was left as it is"), "{out}");
    assert_eq!(folder.read("policy.toml"), "version = 1\n");
    assert!(folder.read("switchd.toml").contains("[switch.leaf-01]"));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line_and_without_its_text() {
    let folder = Folder::new();
    let check = |text: &str, want: &str| {
        folder.write("bad.ini", text);
        let (code, out, err) = folder.run("import ironic-networking bad.ini --output out.toml");
        assert_eq!((code, out.as_str()), (10, ""), "{err}");
        assert!(err.contains(want) && !err.contains("hunter2"), "{err}");
        assert!(!folder.path("out.toml").exists());
    };
    check("[switch:a]\npassword hunter2\n", "`bad.ini`, line 2: the line is not like");
    check("[switch:a]\nallowed_vlans = all\n", "line 2: it is no list of VLANs like");
    check("[ironic_networking]\nallowed_vlans = 9-5\n", "line 2: it is no list of VLANs like");
    check("[switch:a/b]\n", "line 1: switch name `a/b` holds `/`");
    let ovs = |lines: &str| format!("[switch:a]\ndevice_type=netmiko_ovs_linux\n{lines}");
    check(&ovs(""), "line 1: the switch has no address");
    check(&ovs("address=-oProxyCommand=x\n"), "line 1: its address is no host's name");
    check(&ovs("address=::1\nport=x\n"), "line 1: its `port` is no port number");
    check(&ovs("address=::1\n"), "line 1: the switch has no `username`");
    fs::write(folder.path("bad.ini"), b"[a]\nk=\xff\n").unwrap();
    let (code, _, err) = folder.run("import ngs bad.ini");
    assert!(code == 10 && err.contains("`bad.ini` is not UTF-8"), "{err}");
    let (code, _, err) = folder.run("import ngs nowhere.ini");
    assert!(code == 1 && err.contains("cannot read `nowhere.ini`\n"), "{err}");
}
