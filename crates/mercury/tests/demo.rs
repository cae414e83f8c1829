//! The demonstration, as a stranger meets it: to its end on each stage, kept, interrupted, broken;
//! and each time nothing is left.

#![expect(clippy::unwrap_used, reason = "a test that goes wrong panics")]

use std::{
    fs,
    io::{self, BufRead as _, BufReader, PipeReader, Read as _},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use assert_cmd::cargo::cargo_bin;
use rustix::{
    pipe::fcntl_setpipe_size,
    process::{Pid, Signal, kill_process},
};
use tempfile::TempDir;

/// A user without any rights.
const NOBODY: u32 = 65534;

/// The demonstration with a directory for temporary files of its own.
struct Demo {
    command: Command,
    directory: TempDir,
}

impl Demo {
    fn new(args: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(cargo_bin("mercury"));
        command.arg("demo").args(args).env("TMPDIR", directory.path()).stdin(Stdio::null());
        Self { command, directory }
    }

    fn run(mut self) -> Output {
        let output = self.command.output().unwrap();
        self.nothing_is_left();
        output
    }

    /// Starts it with a pipe that holds less than the story, so that it cannot end unread.
    fn spawn(mut self) -> (Child, BufReader<PipeReader>, Self) {
        let (reader, writer) = io::pipe().unwrap();
        fcntl_setpipe_size(&writer, 4096).unwrap();
        let child = self.command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        // The end of the output shows when nobody else holds the pipe.
        self.command.stdout(Stdio::null());
        (child, BufReader::with_capacity(64, reader), self)
    }

    /// No file, and no process that was told of one.
    fn nothing_is_left(&self) {
        let left: Vec<_> = fs::read_dir(self.directory.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(processes(self.directory.path()), [0; 0]);
    }
}

/// The processes whose command line names this directory.
fn processes(directory: &Path) -> Vec<i32> {
    let named = directory.to_str().unwrap();
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // A process that has ended in the meantime names nothing.
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(named).then_some(pid)
    });
    pids.collect()
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn pid(child: &Child) -> i32 {
    child.id().try_into().unwrap()
}

/// Reads on until a line holds the text; gives back all that was read.
fn read_until(stdout: &mut BufReader<PipeReader>, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        assert!(stdout.read_line(&mut read).unwrap() > 0, "the output ends:\n{read}");
    }
    read
}

fn succeeded(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    assert_eq!(stderr, "");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The output without what is different each time: times and hashes.
fn same_each_time(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let kept = words.iter().enumerate().map(|(index, word)| {
            let next = words.get(index + 1).copied().unwrap_or_default();
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            if is_number && matches!(next, "ms" | "ms." | "s." | "commands") {
                "N"
            } else if is_number && word.ends_with("Z,") {
                "TIME,"
            } else if word.ends_with("…);") {
                "HASH…);"
            } else {
                word
            }
        });
        kept.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What was checked.
fn claims(text: &str) -> Vec<String> {
    let text = same_each_time(text);
    text.lines().filter(|line| line.contains('✓')).map(str::to_owned).collect()
}

#[test]
fn the_story_is_told_to_its_end() {
    let text = succeeded(&Demo::new(&[]).run());
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    insta::assert_snapshot!("story", same_each_time(&text));
}

#[test]
fn it_is_told_on_the_command_lines_of_two_vendors() {
    let text = succeeded(&Demo::new(&["--fabric", "ssh"]).run());
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    insta::assert_snapshot!("vendors", same_each_time(&text));
}

#[test]
fn it_is_the_same_story_on_real_switches() {
    let simulated = succeeded(&Demo::new(&[]).run());
    let real = succeeded(&Demo::new(&["--ovs"]).run());
    assert!(real.contains("on two real Open vSwitch"), "{real}");
    assert_eq!(claims(&real), claims(&simulated));
}

#[test]
fn simulated_switches_need_no_rights_and_real_ones_say_what_they_need() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("mercury");
    fs::copy(cargo_bin("mercury"), &program).unwrap();
    let as_nobody = |args: &[&str]| {
        let mut demo = Demo::new(args);
        chown(demo.directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let mut command = Command::new(&program);
        command.arg("demo").args(args).stdin(Stdio::null()).env_clear();
        command.env("TMPDIR", demo.directory.path()).current_dir("/").uid(NOBODY).gid(NOBODY);
        demo.command = command;
        demo.run()
    };
    assert!(succeeded(&as_nobody(&[])).contains("nothing is left behind"));
    let refused = as_nobody(&["--ovs"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(refused.stdout, b"");
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert!(stderr.starts_with("error: the lab needs root"), "{stderr}");
    assert!(stderr.contains("hint: run the same command as root"), "{stderr}");
}

#[rstest::rstest]
fn kept_it_can_be_used_until_it_is_told_to_end(#[values("ovsdb", "ssh")] fabric: &str) {
    let (mut child, mut stdout, demo) = Demo::new(&["--keep", "--fabric", fabric]).spawn();
    let text = read_until(&mut stdout, "Ctrl-C ends it");
    let settings: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("$ export ")?.split_once('='))
        .collect();
    assert_eq!(settings.len(), 3, "{text}");
    let tries = text.lines().filter_map(|line| line.trim().strip_prefix("$ mercury "));
    for line in tries {
        let mut command = Command::new(cargo_bin("mercury"));
        let done = command.args(line.split(' ')).envs(settings.iter().copied()).output().unwrap();
        let expected = if line.contains("--vlan 300") { 3 } else { 0 };
        assert_eq!(done.status.code(), Some(expected), "`{line}`: {done:?}");
    }
    signal(pid(&child), Signal::TERM);
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("nothing is left behind"), "{rest}");
    demo.nothing_is_left();
}

#[test]
fn a_service_that_dies_makes_it_fail() {
    let (child, mut stdout, demo) = Demo::new(&["--keep"]).spawn();
    read_until(&mut stdout, "Ctrl-C ends it");
    let service = processes(demo.directory.path());
    assert_eq!(service.len(), 1, "{service:?}");
    service.into_iter().for_each(|pid| signal(pid, Signal::KILL));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: the switch service ended: signal: 9"), "{stderr}");
    demo.nothing_is_left();
}

#[test]
fn interrupted_it_takes_everything_down_and_fails() {
    let (child, mut stdout, demo) = Demo::new(&[]).spawn();
    read_until(&mut stdout, " 1. ");
    signal(pid(&child), Signal::INT);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr, "error: the demonstration was interrupted, and is taken down\n");
    demo.nothing_is_left();
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let (child, mut stdout, demo) = Demo::new(&[]).spawn();
    read_until(&mut stdout, " 1. ");
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    demo.nothing_is_left();
}
