use super::*;

struct Site {
    folder: tempfile::TempDir,
    settings: Settings,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::new(folder.path().join("leaf-01.log"));
        Self { folder, settings }
    }

    fn transcript(&self) -> Transcript {
        let secrets: [SecretString; 2] =
            ["hunter22".to_owned().into(), "sesame99".to_owned().into()];
        Transcript::open(&self.settings, "leaf-01", secrets.iter()).unwrap()
    }

    /// The lines without their times, and what the files are.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap();
        text.lines()
            .map(|line| {
                let (time, rest) = line.split_once(" leaf-01 ").unwrap();
                assert!(time.parse::<Timestamp>().is_ok(), "{time}");
                rest.to_owned()
            })
            .collect()
    }
}

#[test]
fn both_sides_are_written_and_no_secret() {
    let site = Site::new();
    let mut transcript = site.transcript();
    transcript.shown(b"\x1b[1mWelcome\r\nPass");
    transcript.shown(b"word: ");
    transcript.typed(b"hunter22\r");
    transcript.shown(b"hun");
    transcript.shown(b"ter22 was wrong\r\nses\x1b[0mame99 hid\r\n");
    transcript.typed(b"show a\rshow b\r");
    transcript.shown(b"leaf#\xff");
    drop(transcript);
    assert_eq!(
        site.lines("leaf-01.log"),
        [
            "# session begins",
            "< \\u{1b}[1mWelcome",
            "< Password: ",
            "> [redacted]",
            "< [redacted] was wrong",
            "< [redacted] hid",
            "> show a",
            "> show b",
            "< leaf#\u{fffd}",
            "# session ends",
        ]
    );
    let mode = fs::metadata(&site.settings.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_secret_across_the_end_of_a_part_of_a_long_line_is_not_written() {
    let site = Site::new();
    let mut transcript = site.transcript();
    transcript.shown(&vec![b'x'; LINE_BYTES - 3]);
    transcript.shown(b"hunt");
    transcript.shown(b"er22 and\n");
    drop(transcript);
    let text = site.lines("leaf-01.log").concat();
    assert!(
        text.contains("[redacted] and") && !text.contains("hunt"),
        "{}",
        &text[text.len() - 80..]
    );
}

#[test]
fn a_file_that_is_full_is_put_aside_and_the_oldest_goes() {
    let mut site = Site::new();
    site.settings.max_bytes = 400;
    site.settings.keep = 2;
    let mut transcript = site.transcript();
    for number in 0..40 {
        transcript.typed(format!("show interface {number:0>40}").as_bytes());
    }
    drop(transcript);
    let mut names: Vec<String> = fs::read_dir(site.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["leaf-01.log", "leaf-01.log.1", "leaf-01.log.2"]);
    for name in names {
        assert!(fs::metadata(site.folder.path().join(name)).unwrap().len() <= 400);
    }
    assert_eq!(site.lines("leaf-01.log").last().unwrap(), "# session ends");
}

#[test]
fn an_existing_file_is_its_owners_alone_from_then_on() {
    let site = Site::new();
    fs::write(&site.settings.file, "").unwrap();
    fs::set_permissions(&site.settings.file, fs::Permissions::from_mode(0o644)).unwrap();
    drop(site.transcript());
    let mode = fs::metadata(&site.settings.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn no_file_is_no_transcript() {
    let settings = Settings::new("/proc/nowhere/leaf-01.log");
    assert!(Transcript::open(&settings, "leaf-01", [].iter()).is_none());
}
