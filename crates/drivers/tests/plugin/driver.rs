//! What a plugin that keeps the protocol does for the core.

use std::os::unix::fs::PermissionsExt as _;

use drivers::plugin::{Error, PluginDriver};
use model::VlanMode;
use switch::{Atomicity, BatchOutcome, DeviceError, Driver as _, LagNaming, MatchKind};

use super::{Plugin, access, port, query, work};

#[tokio::test]
async fn a_plugin_is_a_driver() {
    let plugin = Plugin::new("memory.py");
    let driver = plugin.driver().await;
    assert_eq!((driver.name(), driver.description().name.as_str()), ("plugin", "memory"));
    let lag = driver.capabilities().lag.clone().unwrap();
    assert_eq!(lag.naming, LagNaming::Numbered { prefix: "Port-Channel".to_owned() });
    assert_eq!(driver.capabilities().atomicity, Atomicity::Transaction);
    plugin.nothing_runs().await;

    let mut session = driver.open().await.unwrap();
    let seen = session.observe(&query()).await.unwrap().slice;
    assert_eq!(seen.ports[&port("p1")].config.vlans, Some(VlanMode::Closed));
    let works = [work(&seen, "p1", access(100)), work(&seen, "p2", access(200))];
    assert_eq!(driver.render(&works[0]), ["set port p1 from closed to access 100"]);
    let BatchOutcome::Each(outcomes) = session.apply(&works).await else { panic!() };
    assert_eq!(outcomes[0].as_ref().unwrap().operations, ["set_vlans"]);
    let seen = session.observe(&query()).await.unwrap().slice;
    assert_eq!(seen.ports[&port("p2")].config.vlans, Some(access(200)));
    assert_eq!(session.save().await.unwrap(), ["saved"]);
    let found = session.resolve("p2").await.unwrap();
    assert_eq!((found[0].port.as_str(), found[0].matched), ("p2", MatchKind::Name));
    assert_eq!(session.resolve("p9").await.unwrap(), []);
    session.close().await;
    plugin.nothing_runs().await;
}

#[tokio::test]
async fn what_the_switch_refuses_leaves_the_session_alive() {
    let plugin = Plugin::new("memory.py");
    let mut session = plugin.session().await;
    let mut seen = session.observe(&query()).await.unwrap().slice;
    let state = seen.ports[&port("p1")].clone();
    seen.ports.insert(port("p9"), state);
    let works = [work(&seen, "p9", access(100)), work(&seen, "p1", access(100))];
    let BatchOutcome::Each(outcomes) = session.apply(&works).await else { panic!() };
    let refused = outcomes[0].as_ref().unwrap_err();
    let expected = DeviceError::Rejected {
        operation: Some("configure p9".to_owned()),
        answer: "there is no port p9".to_owned(),
    };
    assert_eq!(*refused, expected);
    assert!(outcomes[1].is_ok());
    session.observe(&query()).await.unwrap();
}

#[tokio::test]
async fn credentials_travel_over_the_pipe_alone() {
    let mut plugin = Plugin::new("memory.py");
    let secret = secrecy::SecretString::from("hunter2-and-more".to_owned());
    plugin.settings.secrets.insert("password".to_owned(), std::sync::Arc::new(secret));
    let mut session = plugin.session().await;
    session.observe(&query()).await.unwrap();
    let [(pid, line)] = &plugin.processes()[..] else { panic!("{:?}", plugin.processes()) };
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(!line.contains("hunter2") && !environment.contains("hunter2"));
    let mut names: Vec<&str> = environment
        .split('\0')
        .filter_map(|one| one.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["MARK", "PYTHONPATH"]);
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let soft = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(soft("Max data size"), (512_u64 << 20).to_string());
    assert_eq!((soft("Max core file size"), soft("Max open files")), ("0".into(), "256".into()));
}

#[tokio::test]
async fn a_program_that_is_not_ours_alone_is_not_started() {
    let mut plugin = Plugin::new("memory.py");
    let copy = plugin.folder.path().join("copy.py");
    std::fs::copy(&plugin.settings.program, &copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o777)).unwrap();
    plugin.settings.program = copy;
    let error = PluginDriver::start(plugin.settings.clone()).await.err().unwrap();
    assert!(matches!(&error, Error::Program { .. }), "{error}");
    assert!(error.to_string().contains("anybody may write to it"), "{error}");
}
