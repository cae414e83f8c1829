//! Tampering, crashes, and verification by others.

use std::process::Command;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn written() -> (TempDir, PathBuf, Vec<u8>) {
    let (folder, path) = folder();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example(&path));
    let bytes = fs::read(&path).unwrap();
    (folder, path, bytes)
}

fn broken_line(path: &Path) -> u64 {
    match check(path) {
        Err(AuditError::Broken(error)) => error.line,
        other => panic!("{other:?}"),
    }
}

fn python(paths: &[PathBuf]) -> (bool, String) {
    let output = Command::new("python3")
        .arg("-c")
        .arg(include_str!("../verify.py"))
        .args(paths)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn ten_lines_of_python_agree() {
    let (_folder, path, bytes) = written();
    let last = check(&path).unwrap().last.unwrap();
    assert_eq!(
        python(std::slice::from_ref(&path)),
        (true, format!("6 records, last {}\n", last.hash))
    );
    fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    drop(open(&path));
    assert_eq!(lines(&path).len(), 7);
    let last = check(&path).unwrap().last.unwrap();
    assert_eq!(
        python(std::slice::from_ref(&path)),
        (true, format!("6 records, last {}\n", last.hash))
    );
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("bob", "eve", 1)).unwrap();
    assert_eq!(python(&[path]), (false, "broken at record 4\n".into()));
}

#[tokio::test]
async fn python_follows_a_rotated_log() {
    let (_folder, path) = folder();
    let options = AuditOptions { fsync: false, max_bytes: 3000 };
    let (log, _) = AuditLog::open(&path, options).unwrap();
    for n in 0..20 {
        log.append(begin(&n.to_string())).await.unwrap();
    }
    let all = files(&path).unwrap();
    assert!(all.len() > 2);
    let records = check(&path).unwrap().records;
    let (agreed, said) = python(&all);
    assert!(agreed && said.starts_with(&format!("{records} records")), "{said}");
}

#[test]
fn a_changed_record_is_found() {
    let (_folder, path, bytes) = written();
    let text = String::from_utf8(bytes).unwrap();
    fs::write(&path, text.replacen("\"who\":\"bob\"", "\"who\":\"eve\"", 1)).unwrap();
    assert_eq!(broken_line(&path), 4);
    let error = AuditLog::open(&path, FAST).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the audit log is not intact: `{}` line 4: was changed: its hash is not that of its content",
            path.display()
        )
    );
}

#[rstest]
#[case::removed(&[1, 2, 4, 5, 6], 3)]
#[case::the_first_removed(&[2, 3, 4, 5, 6], 1)]
#[case::swapped(&[1, 2, 4, 3, 5, 6], 3)]
#[case::put_in(&[1, 2, 3, 2, 4, 5, 6], 4)]
#[case::twice(&[1, 2, 3, 4, 5, 6, 6], 7)]
fn moved_lines_are_found(#[case] order: &[usize], #[case] broken: u64) {
    let (_folder, path, _) = written();
    let lines = lines(&path);
    let text: String = order.iter().map(|line| format!("{}\n", lines[line - 1])).collect();
    fs::write(&path, text).unwrap();
    assert_eq!(broken_line(&path), broken);
    assert!(AuditLog::open(&path, FAST).is_err());
}

#[test]
fn a_cut_tail_shows_as_an_open_change_only() {
    let (_folder, path, _) = written();
    let lines = lines(&path);
    fs::write(&path, format!("{}\n{}\n", lines[0], lines[1])).unwrap();
    let summary = check(&path).unwrap();
    assert_eq!((summary.records, changes(&summary.open)), (2, vec!["a"]));
}

#[test]
fn a_log_can_be_cut_by_a_crash_at_any_byte() {
    let (_folder, path, bytes) = written();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let before = check(&path).unwrap();
        let whole = bytes[..length].iter().filter(|b| **b == b'\n').count() as u64;
        let line_feed_only = before.records == whole + 1;
        assert!(before.records == whole || line_feed_only);

        let (log, open_then) = open(&path);
        assert_eq!(open_then, before.open);
        drop(log);
        let after = check(&path).unwrap();
        assert_eq!(after.torn_bytes, 0);
        assert_eq!(after.records, before.records + u64::from(before.torn_bytes > 0));
        assert_eq!(after.open, before.open);
        drop(open(&path));
        assert_eq!(check(&path).unwrap().last, after.last);
    }
}

#[test]
fn a_crash_while_a_crash_is_recorded_is_recovered_from() {
    let (_folder, path, bytes) = written();
    fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    let torn = fs::metadata(&path).unwrap().len();
    drop(open(&path));
    let recovered = fs::read(&path).unwrap();
    let torn = usize::try_from(torn).unwrap();
    for length in torn + 2..recovered.len() - 1 {
        fs::write(&path, &recovered[..length]).unwrap();
        let (log, open) = open(&path);
        assert!(open.is_empty());
        drop(log);
        assert_eq!(check(&path).unwrap().records, 6);
    }
}

#[test]
fn a_recovered_record_vouches_for_its_bytes_alone() {
    let (_folder, path, bytes) = written();
    fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    drop(open(&path));
    let mut mended = lines(&path);
    assert_eq!(check(&path).unwrap().records, 6);
    mended[5].replace_range(10..11, "x");
    fs::write(&path, mended.join("\n") + "\n").unwrap();
    assert_eq!(broken_line(&path), 6);
    mended.remove(5);
    fs::write(&path, mended.join("\n") + "\n").unwrap();
    assert_eq!(broken_line(&path), 6);
}

#[test]
fn a_torn_end_hides_no_earlier_change() {
    let (_folder, path, bytes) = written();
    let text = String::from_utf8(bytes[..bytes.len() - 40].to_vec()).unwrap();
    fs::write(&path, text.replacen("ironic", "ironed", 1)).unwrap();
    assert_eq!(broken_line(&path), 2);
}

#[test]
fn garbage_is_no_log() {
    let (_folder, path) = folder();
    for (bytes, line) in
        [(b"hello\n".to_vec(), 1), (b"\n".to_vec(), 1), (vec![b'x'; MAX_LINE + 1], 1)]
    {
        fs::write(&path, bytes).unwrap();
        assert_eq!(broken_line(&path), line);
    }
}

/// Whether a log in which one byte was changed is found out: it is broken, or torn at its end.
fn found_out(path: &Path) -> bool {
    match check(path) {
        Err(AuditError::Broken(_)) => true,
        Ok(summary) => summary.torn_bytes > 0,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn any_flipped_bit_is_found() {
    let (_folder, path, bytes) = written();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, changed).unwrap();
        assert!(found_out(&path), "byte {at}");
    }
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(at: prop::sample::Index, byte in any::<u8>()) {
        let (_folder, path, mut bytes) = written();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        fs::write(&path, bytes).unwrap();
        prop_assert!(found_out(&path));
    }

    #[test]
    fn any_removed_byte_is_found(at: prop::sample::Index) {
        let (_folder, path, mut bytes) = written();
        let at = at.index(bytes.len() - 1);
        bytes.remove(at);
        fs::write(&path, bytes).unwrap();
        prop_assert!(found_out(&path));
    }
}
