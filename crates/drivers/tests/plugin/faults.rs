//! What the core is told when a plugin does something wrong, and what is left of it.

use drivers::plugin::PluginDriver;
use rstest::rstest;
use switch::{BatchOutcome, DeviceError, Driver as _};

use super::{Plugin, access, query, work};

/// Told at the start, when the configuration is read.
#[rstest]
#[case(
    "crash_start",
    "it ended (exit status: 3) instead of answering `describe`; its last words: cannot find the switch library"
)]
#[case("garbage", "a line is not JSON")]
#[case("deaf", "it did not answer `describe` within 700 ms")]
#[case("wrong_version", "`protocol` is 2, and 1 is spoken here")]
#[case("unknown_member", "unknown field `vlan_trunks`")]
#[tokio::test]
async fn a_plugin_that_does_not_describe_itself_is_refused(
    #[case] fault: &str,
    #[case] text: &str,
) {
    let mut plugin = Plugin::new(&format!("broken.py {fault}"));
    if fault == "deaf" {
        plugin.settings.start_timeout = std::time::Duration::from_millis(700);
    }
    let error = PluginDriver::start(plugin.settings.clone()).await.err().unwrap().to_string();
    assert!(error.contains("broken.py` does not start: ") && error.contains(text), "{error}");
    plugin.nothing_runs().await;
}

/// Told at a reading: nothing was changed, and the session is lost.
#[rstest]
#[case("silent", "time ran out waiting for the plugin's answer to `observe`")]
#[case("too_long", "a line is longer than 4194304 bytes")]
#[case("wrong_id", "an answer has the id 3 where 2 was asked")]
#[case("stranger", "port `swp666` was not asked for")]
#[case("wrong_vlan", "VLAN ID `5000`")]
#[case("not_utf8", "is not UTF-8")]
#[case("member_twice", "names the member `ports` twice")]
#[tokio::test]
async fn a_wrong_answer_ends_the_session_and_the_process(#[case] fault: &str, #[case] text: &str) {
    let plugin = Plugin::new(&format!("broken.py {fault}"));
    let mut session = plugin.session().await;
    let error = session.observe(&query()).await.unwrap_err();
    assert!(error.to_string().contains(text), "{error}");
    assert!(error.session_lost() && !error.may_have_applied());
    drop(session);
    plugin.nothing_runs().await;
}

#[tokio::test]
async fn a_second_answer_is_noticed_before_the_next_question() {
    let plugin = Plugin::new("broken.py duplicate");
    let mut session = plugin.session().await;
    session.observe(&query()).await.unwrap();
    let error = session.observe(&query()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no answer to anything") || text.contains("has the id 2"), "{text}");
}

#[tokio::test]
async fn a_crash_in_a_change_may_have_applied() {
    let plugin = Plugin::new("broken.py crash_apply");
    let driver = plugin.driver().await;
    let mut session = driver.open().await.unwrap();
    let seen = session.observe(&query()).await.unwrap().slice;
    let BatchOutcome::Each(mut outcomes) = session.apply(&[work(&seen, "p1", access(7))]).await
    else {
        panic!()
    };
    let error = outcomes.pop().unwrap().unwrap_err();
    assert!(matches!(error, DeviceError::Disconnected { sent: true, .. }), "{error}");
    assert!(error.to_string().contains("signal: 9"), "{error}");
    drop(session);
    // What it did is seen by the next one.
    let mut session = driver.open().await.unwrap();
    let seen = session.observe(&query()).await.unwrap().slice;
    assert_eq!(seen.ports.values().next().unwrap().config.vlans, Some(access(7)));
}

#[tokio::test]
async fn a_wrong_number_of_outcomes_may_have_applied() {
    let plugin = Plugin::new("broken.py too_few_outcomes");
    let mut session = plugin.session().await;
    let seen = session.observe(&query()).await.unwrap().slice;
    let BatchOutcome::Each(outcomes) = session.apply(&[work(&seen, "p1", access(7))]).await else {
        panic!()
    };
    let error = outcomes[0].as_ref().unwrap_err();
    assert!(error.may_have_applied() && error.session_lost(), "{error}");
}

#[tokio::test]
async fn memory_is_limited() {
    let mut plugin = Plugin::new("broken.py memory_hog");
    plugin.settings.memory_bytes = 128 << 20;
    let mut session = plugin.session().await;
    let error = session.observe(&query()).await.unwrap_err();
    assert!(error.to_string().contains("MemoryError"), "{error}");
}

#[tokio::test]
async fn a_plugin_that_changed_its_mind_is_not_used() {
    let plugin = Plugin::new("broken.py fickle");
    let driver = plugin.driver().await;
    let error = driver.open().await.err().unwrap().to_string();
    assert!(
        error.contains("differently than before: `capabilities.mtu` was true and is false\nhint: "),
        "{error}"
    );
    plugin.nothing_runs().await;
}

#[tokio::test]
async fn failures_in_a_row_are_answered_with_pauses() {
    let plugin = Plugin::new("broken.py stranger");
    let driver = plugin.driver().await;
    for _ in 0..3 {
        let mut session = driver.open().await.unwrap();
        session.observe(&query()).await.unwrap_err();
    }
    let error = driver.open().await.err().unwrap();
    assert!(matches!(error, DeviceError::Unreachable { .. }));
    let text = error.to_string();
    assert!(text.contains("it has failed 3 times in a row and is started again in "), "{text}");
    assert!(text.contains("port `swp666` was not asked for"), "{text}");
    plugin.nothing_runs().await;
}
