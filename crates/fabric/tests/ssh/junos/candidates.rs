//! Who may edit and commit, and what is taken back.

use std::time::{Duration, Instant};

use super::{DISCARDS, DONE, ENTERED, ask, bench, bench_with, family, login, say};

#[tokio::test]
async fn a_lock_keeps_others_out() {
    let mut bench = bench().await;
    let mut other = login(&bench.desk, &bench.switch).await;
    assert_eq!(say(&mut other, "configure exclusive").await, DISCARDS);
    say(&mut other, "set vlans v400 vlan-id 400").await;
    let holder = "  admin terminal pts/2 (pid 4002) on since 2026-01-05 08:00:00 UTC\n      exclusive [edit]\n";
    let locked = format!("error: configuration database locked by:\n{holder}");
    assert_eq!(bench.say("configure exclusive").await, locked);
    let listed = format!("Users currently editing the configuration:\n{holder}");
    let dirty = "The configuration has been changed but not committed\n";
    assert_eq!(bench.say("configure").await, format!("{ENTERED}{listed}{dirty}"));
    assert_eq!(bench.say("set vlans v500 vlan-id 500").await, locked);
    assert_eq!(bench.say("commit").await, locked);
    let mut third = login(&bench.desk, &bench.switch).await;
    let refused = "error: shared configuration database modified\n";
    assert_eq!(say(&mut third, "configure private").await, refused);
    drop(third);
    other.send("exit\r").await;
    other.until("Discard uncommitted changes? [yes,no] (yes) ").await;
    other.send("\r").await;
    other.until("warning: discarding uncommitted changes\r\nload complete\r\n").await;
    other.until("admin@leaf-01> ").await;
    bench.quiet(&["set vlans v500 vlan-id 500"]).await;
    assert_eq!(bench.say("commit and-quit").await, format!("{DONE}Exiting configuration mode\n"));
    let vlans = bench.say("show configuration vlans | display set").await;
    assert!(vlans.contains("v500") && !vlans.contains("v400"), "{vlans}");
}

#[tokio::test]
async fn a_private_commit_waits_for_the_lock() {
    let mut bench = bench().await;
    let mut other = login(&bench.desk, &bench.switch).await;
    say(&mut other, "configure private").await;
    say(&mut other, &family("xe-0/0/1", "vlan members v100")).await;
    assert!(bench.say("configure exclusive").await.starts_with(DISCARDS));
    let holder = "  admin terminal pts/1 (pid 4001) on since 2026-01-05 08:00:00 UTC\n      exclusive [edit]\n";
    let locked = format!("error: configuration database locked by:\n{holder}");
    assert_eq!(say(&mut other, "commit").await, locked);
    assert_eq!(bench.carried("xe-0/0/1"), (None, String::new(), 0));
    assert_eq!(bench.say("exit").await, "Exiting configuration mode\n");
    assert_eq!(say(&mut other, "commit").await, DONE, "what was entered is still there");
    assert_eq!(bench.carried("xe-0/0/1"), (Some(100), String::new(), 0));
}

#[tokio::test]
async fn a_lock_ends_with_its_connection() {
    let mut bench = bench().await;
    let mut other = login(&bench.desk, &bench.switch).await;
    say(&mut other, "configure exclusive").await;
    say(&mut other, "set vlans v400 vlan-id 400").await;
    drop(other);
    let deadline = Instant::now() + Duration::from_secs(20);
    while bench.say("configure exclusive").await != DISCARDS {
        assert!(Instant::now() < deadline, "the lock is still held");
    }
    assert_eq!(bench.say("show | compare").await, "");
}

#[tokio::test]
async fn the_shared_candidate_is_everybodys() {
    let mut bench = bench().await;
    let mut other = login(&bench.desk, &bench.switch).await;
    assert_eq!(say(&mut other, "configure").await, ENTERED);
    say(&mut other, &family("xe-0/0/1", "vlan members v300")).await;
    assert_eq!(
        bench.say("configure private").await,
        "error: shared configuration database modified\n"
    );
    let holder = "Users currently editing the configuration:\n  admin terminal pts/2 (pid 4002) on since 2026-01-05 08:00:00 UTC\n      [edit]\n";
    let refused = format!("{holder}error: configuration database modified\n");
    assert_eq!(bench.say("configure exclusive").await, refused);
    bench.say("configure").await;
    bench.quiet(&["set vlans v400 vlan-id 400"]).await;
    assert_eq!(bench.say("commit").await, DONE);
    assert_eq!(bench.carried("xe-0/0/1"), (Some(300), String::new(), 0), "theirs went with it");
    bench.quiet(&["set vlans v500 vlan-id 500"]).await;
    bench.shell.send("exit\r").await;
    bench.shell.until("Exit with uncommitted changes? [yes,no] (yes) ").await;
    assert_eq!(ask(&mut bench.shell, "no").await.1, "{master:0}[edit]#");
    assert_eq!(say(&mut other, "rollback 0").await, "load complete\n");
    assert_eq!(bench.say("show | compare").await, "", "thrown away by the other");
}

#[tokio::test]
async fn private_candidates_are_merged_or_in_the_way() {
    let mut bench = bench().await;
    let mut other = login(&bench.desk, &bench.switch).await;
    bench.say("configure private").await;
    say(&mut other, "configure private").await;
    bench.quiet(&["set vlans v400 vlan-id 400", "set interfaces xe-0/0/1 mtu 9000"]).await;
    say(&mut other, "set vlans v500 vlan-id 500").await;
    assert_eq!(say(&mut other, "commit").await, DONE);
    assert_eq!(bench.say("commit").await, DONE);
    let vlans =
        bench.say("run show configuration vlans | display set | match vlan-id | count").await;
    assert_eq!(vlans, "Count: 6 lines\n");
    say(&mut other, "rollback 0").await;
    say(&mut other, "set interfaces xe-0/0/1 mtu 1500").await;
    bench.quiet(&["set interfaces xe-0/0/1 mtu 2000"]).await;
    assert_eq!(say(&mut other, "commit").await, DONE);
    assert_eq!(
        bench.say("commit").await,
        "[edit interfaces xe-0/0/1]\n  'mtu 9000'\n        warning: statement does not exist\n"
    );
    assert_eq!(bench.switch.port("xe-0/0/1").unwrap().mtu, Some(1500));
    let mut third = login(&bench.desk, &bench.switch).await;
    say(&mut third, "configure").await;
    assert_eq!(
        say(&mut third, "set vlans v600 vlan-id 600").await,
        "error: private edits in use. Try 'configure private' or 'configure exclusive'.\n"
    );
}

#[tokio::test]
async fn a_commit_that_nobody_confirms_is_taken_back() {
    let mut bench = bench_with(|settings| settings.quirk("quick")).await;
    bench.change(&[&family("xe-0/0/1", "vlan members v100")]).await;
    assert_eq!(bench.say("configure private").await, DISCARDS);
    assert_eq!(
        bench.say("commit confirmed 1").await,
        "error: commit confirmed not supported for private configuration\n"
    );
    bench.say("exit").await;
    for confirms in ["commit", "commit check", ""] {
        bench.say("configure exclusive").await;
        bench
            .quiet(&[
                "delete interfaces xe-0/0/1 unit 0 family ethernet-switching vlan members v100",
                &family("xe-0/0/1", "vlan members v200"),
            ])
            .await;
        let minutes = if confirms.is_empty() { 1 } else { 1000 };
        let said = bench.say(&format!("commit confirmed {minutes}")).await;
        let plural = if minutes == 1 { "" } else { "s" };
        let want = format!(
            "configuration check succeeds\ncommit confirmed will be automatically rolled back in \
             {minutes} minute{plural} unless confirmed\ncommit complete\n"
        );
        assert!(said.starts_with(&want), "{said}");
        assert!(said.contains("\n# commit confirmed will be rolled back in "), "{said}");
        assert_eq!(bench.carried("xe-0/0/1").0, Some(200));
        if confirms.is_empty() {
            let deadline = Instant::now() + Duration::from_secs(20);
            while bench.carried("xe-0/0/1").0 != Some(100) {
                assert!(Instant::now() < deadline, "it is still there");
                bench.say("run show version").await;
            }
            let past = bench.switch.history_of("xe-0/0/1");
            assert!(past.iter().any(|past| past.cause == "(timer)"));
            assert!(bench.say("run show system commit").await.starts_with(
                "0   2026-01-05 08:00:00 UTC by root via other\n1   2026-01-05 08:00:00 UTC by admin via cli commit confirmed, rollback in 1mins\n"
            ));
        } else {
            let said = bench.say(confirms).await;
            assert!(said.starts_with("configuration check succeeds\n"), "{said}");
            assert!(!said.contains("# commit confirmed"), "{said}");
            assert_eq!(bench.say("rollback 1").await, "load complete\n");
            bench
                .quiet(&["delete interfaces xe-0/0/1 unit 0 family ethernet-switching vlan"])
                .await;
            bench.quiet(&[&family("xe-0/0/1", "vlan members v100")]).await;
            assert_eq!(bench.say("commit").await, DONE);
        }
        assert_eq!(bench.say("exit").await, "Exiting configuration mode\n");
        assert_eq!(bench.carried("xe-0/0/1").0, Some(100));
    }
}

#[tokio::test]
async fn the_past_can_be_loaded_again() {
    let mut bench = bench().await;
    bench.change(&["set interfaces xe-0/0/1 mtu 9000"]).await;
    bench.change(&["set interfaces xe-0/0/1 mtu 2000"]).await;
    let listed = bench.say("show system commit").await;
    let stamp = "2026-01-05 08:00:00 UTC by";
    assert_eq!(
        listed,
        format!(
            "0   {stamp} admin via cli\n    by a test\n1   {stamp} admin via cli\n    by a test\n\
             2   {stamp} root via other\n"
        )
    );
    bench.say("configure").await;
    assert_eq!(
        bench.say("show | compare rollback 1").await,
        "[edit interfaces xe-0/0/1]\n-    mtu 9000;\n+    mtu 2000;\n"
    );
    assert_eq!(bench.say("rollback 2").await, "load complete\n");
    assert_eq!(bench.say("commit and-quit").await, format!("{DONE}Exiting configuration mode\n"));
    assert_eq!(bench.switch.port("xe-0/0/1").unwrap().mtu, None);
    assert!(bench.switch.is_saved());
}
