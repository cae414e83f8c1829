//! Opening, appending, rotating, searching.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use rstest::rstest;

use super::*;

#[tokio::test]
async fn a_log_is_written_and_read_back() {
    let (_folder, path) = folder();
    let (log, open) = AuditLog::open(&path, AuditOptions::default()).unwrap();
    assert!(open.is_empty());
    assert_eq!(log.append(begin("a")).await.unwrap(), Receipt { seq: 1 });
    let ended = end("a", Outcome::Undone);
    assert_eq!(log.append(ended.clone()).await.unwrap(), Receipt { seq: 2 });
    assert!(log.degraded().is_none());
    drop(log);

    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let records: Vec<Record> =
        read([path.clone()], Filter::default()).collect::<Result<_, _>>().unwrap();
    assert_eq!(records[0].entry, begin("a").into());
    assert_eq!(records[1].entry, ended.into());
    assert_eq!((records[0].seq, records[0].prev), (1, Digest::ZERO));
    assert_eq!((records[1].seq, records[1].prev), (2, records[0].hash));
    let text = fs::read_to_string(&path).unwrap();
    let head = format!(
        r#"{{"v":1,"seq":1,"time":"{:.6}","prev":"{}","kind":"begin","change":"a","#,
        records[0].time,
        "0".repeat(64)
    );
    assert!(text.starts_with(&head), "{text}");
}

#[tokio::test]
async fn what_was_open_is_returned_at_the_next_start() {
    let (_folder, path) = folder();
    let (log, _) = open(&path);
    for change in ["a", "b", "c", "d"] {
        log.append(begin(change)).await.unwrap();
    }
    log.append(end("a", Outcome::UndoFailed)).await.unwrap();
    log.append(end("b", Outcome::Unknown)).await.unwrap();
    log.append(end("c", Outcome::Unknown)).await.unwrap();
    let settled = Settled { change: "c".into(), by: "verify".into() };
    log.append(settled).await.unwrap();
    drop(log);

    let (_log, open) = open(&path);
    assert_eq!(changes(&open), ["b", "d"]);
    assert_eq!((open[0].ended, open[1].ended), (true, false));
    assert_eq!(open[1].ports, [port("leaf-01", "swp4")]);
    assert_eq!(open[1].request_id, "req-d");
}

#[tokio::test]
async fn many_at_once_get_numbers_of_their_own() {
    let (_folder, path) = folder();
    let (log, _) = AuditLog::open(&path, AuditOptions::default()).unwrap();
    let log = std::sync::Arc::new(log);
    let mut appends = tokio::task::JoinSet::new();
    for n in 0..500 {
        let log = std::sync::Arc::clone(&log);
        appends.spawn(async move { log.append(begin(&n.to_string())).await.unwrap().seq });
    }
    let mut numbers = appends.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=500).collect::<Vec<_>>());
    let summary = check(&path).unwrap();
    assert_eq!((summary.records, summary.open.len()), (500, 500));
}

#[tokio::test]
async fn a_full_file_is_put_aside() {
    let (_folder, path) = folder();
    let options = AuditOptions { fsync: true, max_bytes: 4000 };
    let (log, _) = AuditLog::open(&path, options).unwrap();
    for n in 0..40 {
        log.append(begin(&n.to_string())).await.unwrap();
        if n != 3 {
            log.append(end(&n.to_string(), Outcome::Done)).await.unwrap();
        }
    }
    drop(log);

    let all = files(&path).unwrap();
    assert!(all.len() > 5, "{all:?}");
    assert!(all[0].ends_with("audit.jsonl.1"));
    assert!(all.iter().all(|file| fs::metadata(file).unwrap().len() < 5000));
    let whole = check(&path).unwrap();
    assert_eq!(changes(&whole.open), ["3"]);
    assert_eq!(whole.records, 79 + all.len() as u64 - 1);

    let last = verify([path.clone()]).unwrap();
    assert_eq!(changes(&last.open), ["3"]);
    assert_eq!(last.last, whole.last);
    let (log, open) = open(&path);
    assert_eq!(changes(&open), ["3"]);
    log.append(end("3", Outcome::Done)).await.unwrap();
    assert!(check(&path).unwrap().open.is_empty());

    let swapped = [all[1].clone(), all[0].clone()];
    assert!(matches!(verify(swapped), Err(AuditError::Broken(_))));
    let left_out = [all[0].clone(), all[2].clone()];
    assert!(matches!(verify(left_out), Err(AuditError::Broken(_))));
}

#[tokio::test]
async fn a_crash_in_a_rotation_leaves_nothing_behind() {
    let (_folder, path) = folder();
    example(&path).await;
    fs::hard_link(&path, path.with_extension("jsonl.1")).unwrap();
    fs::write(path.with_extension("jsonl.new"), "half a").unwrap();
    let (log, _) = open(&path);
    log.append(end("b", Outcome::Done)).await.unwrap();
    assert_eq!(files(&path).unwrap(), std::slice::from_ref(&path));
    assert!(!path.with_extension("jsonl.new").exists());
    assert_eq!(check(&path).unwrap().records, 7);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let (_folder, path) = folder();
    example(&path).await;
    let mut other = std::process::Command::new("flock")
        .arg(&path)
        .args(["sh", "-c", "echo locked; read line; true"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = std::io::BufReader::new(other.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    let error = AuditLog::open(&path, FAST).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("audit log `{}` is in use by another process", path.display())
    );
    drop(other.stdin.take());
    other.wait().unwrap();

    let (_log, _) = open(&path);
    assert!(matches!(AuditLog::open(&path, FAST), Err(AuditError::Locked { .. })));
}

#[tokio::test]
async fn files_that_are_not_trusted() {
    let (folder, path) = folder();
    let what = |path: &Path| match AuditLog::open(path, FAST).unwrap_err() {
        AuditError::Unsafe { what, .. } => what,
        other => panic!("{other}"),
    };
    example(&path).await;
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(what(&link), "is a symbolic link");
    assert_eq!(what(folder.path()), "is not a regular file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(what(&path), "can be written by everybody");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

    fs::rename(&path, path.with_extension("jsonl.1")).unwrap();
    assert!(matches!(AuditLog::open(&path, FAST), Err(AuditError::Missing { .. })));
    fs::write(&path, "").unwrap();
    assert!(matches!(AuditLog::open(&path, FAST), Err(AuditError::Missing { .. })));
}

#[tokio::test]
async fn a_file_that_others_touch_is_not_written() {
    let (_folder, path) = folder();
    let (log, _) = open(&path);
    log.append(begin("a")).await.unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [whole.as_slice(), b"{}\n"].concat()).unwrap();
    let error = log.append(end("a", Outcome::Done)).await.unwrap_err();
    assert!(error.to_string().ends_with("was written or cut by somebody else while it was open"));
    assert!(log.degraded().is_some());
    fs::write(&path, &whole).unwrap();
    log.append(end("a", Outcome::Done)).await.unwrap();
    assert!(log.degraded().is_none());

    fs::rename(&path, path.with_extension("old")).unwrap();
    let error = log.append(begin("b")).await.unwrap_err();
    assert!(error.to_string().ends_with("was moved, removed or replaced while it was open"));
}

#[tokio::test]
async fn entries_that_are_refused() {
    let (_folder, path) = folder();
    let (log, _) = open(&path);
    let own = Entry::Recovered(Recovered { torn_bytes: 0, sha256: Digest::ZERO });
    assert_eq!(
        log.append(own).await.unwrap_err().to_string(),
        "only the audit log itself writes `recovered` records"
    );
    for n in 0..4096 {
        log.append(begin(&n.to_string())).await.unwrap();
    }
    let error = log.append(begin("one more")).await.unwrap_err();
    assert!(matches!(error, AuditError::TooManyOpen { open: 4096 }));
    assert!(log.degraded().is_none());
    log.append(end("7", Outcome::Done)).await.unwrap();
    log.append(begin("one more")).await.unwrap();
}

#[tokio::test]
async fn a_state_nested_too_deep_to_be_read_again_is_left_out() {
    let (_folder, path) = folder();
    let (log, _) = open(&path);
    let what = (0..200).fold(json!(1), |inner, _| json!([inner]));
    log.append(Begin { what, ..begin("a") }).await.unwrap();
    assert_eq!(check(&path).unwrap().records, 1);
}

#[rstest]
#[case(Filter::default(), &[1, 2, 3, 4, 5, 6])]
#[case(Filter { caller: Some("ironic".into()), ..Filter::default() }, &[2, 3, 6])]
#[case(Filter { caller: Some("bob".into()), ..Filter::default() }, &[4])]
#[case(Filter { request_id: Some("req-a".into()), ..Filter::default() }, &[2, 3])]
#[case(Filter { kind: Some(Kind::Begin), ..Filter::default() }, &[2, 6])]
#[case(Filter { switch: Some("leaf-01".parse().unwrap()), ..Filter::default() }, &[2, 3, 5, 6])]
#[case(Filter { port: Some("swp4".parse().unwrap()), ..Filter::default() }, &[2, 3, 6])]
#[case(Filter { port: Some("swp9".parse().unwrap()), ..Filter::default() }, &[4])]
#[case(Filter { switch: Some("leaf-01".parse().unwrap()), port: Some("swp9".parse().unwrap()), ..Filter::default() }, &[])]
#[case(Filter { switch: Some("leaf-01".parse().unwrap()), kind: Some(Kind::End), ..Filter::default() }, &[3])]
#[case(Filter { since: Some("2000-01-01T00:00:00Z".parse().unwrap()), ..Filter::default() }, &[1, 2, 3, 4, 5, 6])]
#[case(Filter { until: Some("2000-01-01T00:00:00Z".parse().unwrap()), ..Filter::default() }, &[])]
#[tokio::test]
async fn searching(#[case] filter: Filter, #[case] want: &[u64]) {
    let (_folder, path) = folder();
    example(&path).await;
    let found: Vec<u64> = read([path], filter).map(|record| record.unwrap().seq).collect();
    assert_eq!(found, want);
}
