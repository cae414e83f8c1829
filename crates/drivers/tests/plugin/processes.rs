//! No process outlives its session, however it behaves.

use std::time::Duration;

use rstest::rstest;
use switch::Driver as _;
use tokio::time::{Instant, timeout};

use super::{Plugin, query};

/// Ended with a goodbye.
#[rstest]
#[case("memory.py", 1)]
#[case("broken.py fork", 1)]
#[case("broken.py ignores_end", 3)]
#[case("broken.py ignores_sigterm", 3)]
#[tokio::test]
async fn an_orderly_end_leaves_nothing(#[case] program: &str, #[case] graces: u32) {
    let plugin = Plugin::new(program);
    let mut session = plugin.session().await;
    session.observe(&query()).await.unwrap();
    let start = Instant::now();
    session.close().await;
    assert!(start.elapsed() < plugin.settings.stop_grace * graces + Duration::from_secs(2));
    plugin.nothing_runs().await;
}

/// Let go in the middle of something.
#[rstest]
#[case("broken.py silent")]
#[case("broken.py fork")]
#[case("broken.py ignores_sigterm")]
#[tokio::test]
async fn a_session_that_is_dropped_leaves_nothing(#[case] program: &str) {
    let plugin = Plugin::new(program);
    let driver = plugin.driver().await;
    let mut session = driver.open().await.unwrap();
    let hasty = timeout(Duration::from_millis(100), session.observe(&query())).await;
    assert!(hasty.is_err() || program != "broken.py silent");
    drop(session);
    plugin.nothing_runs().await;
    // A caller who gives up is no fault of the plugin's.
    drop(driver.open().await.unwrap());
    drop(driver);
    plugin.nothing_runs().await;
}

#[tokio::test]
async fn a_plugin_that_was_killed_while_idle_is_started_again_at_once() {
    let plugin = Plugin::new("memory.py");
    let driver = plugin.driver().await;
    for _ in 0..5 {
        let mut session = driver.open().await.unwrap();
        session.observe(&query()).await.unwrap();
        let (pid, _) = plugin.processes()[0];
        let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
        assert!(killed.unwrap().success());
        // Its memory goes first and its pipes go last, so only a process in state Z has none.
        let by = Instant::now() + Duration::from_secs(5);
        let stat = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        while stat().rsplit_once(") ").is_some_and(|(_, tail)| !tail.starts_with('Z')) {
            assert!(Instant::now() < by, "{}", stat());
            tokio::task::yield_now().await;
        }
        let error = session.observe(&query()).await.unwrap_err();
        assert!(error.to_string().contains("it had ended (signal: 9 (SIGKILL))"), "{error}");
        assert!(!error.may_have_applied());
    }
}
