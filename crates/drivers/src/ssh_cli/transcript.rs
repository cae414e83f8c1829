//! What was typed and shown, in a file, for whoever writes a profile or looks for a fault.
//!
//! One line a line, with the time, `>` for what was typed and `<` for what was shown; control
//! characters are written as escapes, secrets as `[redacted]`, also where the switch repeats them.
//! It is no audit log: when it cannot be written, the log says so once and work goes on. The file is
//! its owner's alone, because a configuration holds secrets that are not Mercury's to know, such as
//! the hashes of passwords.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use secrecy::SecretString;
use switch::DeviceError;
use tracing::warn;

use super::{
    console::{Commands, Output, Terminal},
    shell::plain_text,
};
use crate::redact::Redactor;

/// Where it is written, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file. It is made with mode 0600; its folder has to be there.
    pub file: PathBuf,
    /// How large it may grow before it is put aside as `.1`. Default 10 MiB.
    pub max_bytes: u64,
    /// How many are put aside; older ones are removed. Default 3.
    pub keep: u32,
}

impl Settings {
    /// The defaults, for this file.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), max_bytes: 10 << 20, keep: 3 }
    }
}

/// How long a line is before it is written without its end. Configurations have shorter ones; a
/// document in one line may have longer ones.
const LINE_BYTES: usize = 64 << 10;

/// The file of a session.
pub(super) struct Transcript {
    settings: Settings,
    switch: String,
    redactor: Redactor,
    /// None once writing has failed.
    file: Option<File>,
    written: u64,
    /// What was shown of a line that has not ended.
    shown: Vec<u8>,
}

impl Transcript {
    /// Opens the file. None, and a warning in the log, if that fails. Writes to it are small and
    /// go to the page cache, so they are made where they arise.
    pub(super) fn open<'s>(
        settings: &Settings,
        switch: &str,
        secrets: impl Iterator<Item = &'s SecretString>,
    ) -> Option<Self> {
        let mut transcript = Self {
            settings: settings.clone(),
            switch: switch.to_owned(),
            redactor: Redactor::new(secrets),
            file: None,
            written: 0,
            shown: Vec::new(),
        };
        match append(&settings.file) {
            Ok((file, length)) => {
                transcript.file = Some(file);
                transcript.written = length;
                transcript.write("#", "session begins");
                Some(transcript)
            }
            Err(error) => {
                transcript.failed(&error);
                None
            }
        }
    }

    fn failed(&mut self, error: &io::Error) {
        let file = self.settings.file.display();
        warn!(switch = self.switch, file = %file, "transcript is not written: {error}");
        self.file = None;
    }

    /// Something was typed.
    fn typed(&mut self, bytes: &[u8]) {
        self.finish_line();
        let text = String::from_utf8_lossy(bytes).into_owned();
        for line in text.split_inclusive(['\r', '\n']) {
            self.write(">", line.trim_end_matches(['\r', '\n']));
        }
    }

    /// Something was shown.
    fn shown(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.shown.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.finish_line();
            } else if self.shown.len() > LINE_BYTES {
                // A secret that has come in part stays for the next time.
                let rest = self.shown.len().saturating_sub(self.redactor.longest());
                let rest = self.shown.split_off(rest);
                self.finish_line();
                self.shown = rest;
            }
        }
    }

    fn finish_line(&mut self) {
        let bytes = std::mem::take(&mut self.shown);
        if bytes.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let plain = plain_text(&bytes);
        // What a terminal would show counts where a secret hides between escapes.
        if self.redactor.finds(&plain) && !self.redactor.finds(&text) {
            self.write("<", plain.trim_end_matches('\n'));
        } else {
            self.write("<", text.trim_end_matches(['\r', '\n']));
        }
    }

    fn write(&mut self, sign: &str, text: &str) {
        if self.file.is_none() {
            return;
        }
        if let Err(error) = self.try_write(sign, text) {
            self.failed(&error);
        }
    }

    fn try_write(&mut self, sign: &str, text: &str) -> io::Result<()> {
        let now = Timestamp::now();
        let now = now.round(Unit::Millisecond).unwrap_or(now);
        let mut line = format!("{now} {} {sign} ", self.switch);
        for character in self.redactor.clean(text.to_owned()).chars() {
            if character.is_control() {
                line.extend(character.escape_default());
            } else {
                line.push(character);
            }
        }
        line.push('\n');
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.written > 0 && self.written.saturating_add(length) > self.settings.max_bytes {
            self.file = None;
            rotate(&self.settings)?;
            self.file = Some(append(&self.settings.file)?.0);
            self.written = 0;
        }
        if let Some(file) = &mut self.file {
            file.write_all(line.as_bytes())?;
            self.written = self.written.saturating_add(length);
        }
        Ok(())
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        self.finish_line();
        self.write("#", "session ends");
    }
}

/// The file, and how long it is.
fn append(path: &Path) -> io::Result<(File, u64)> {
    let file = File::options().append(true).create(true).mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok((file, metadata.len()))
}

/// Puts files aside: the last is removed, each becomes the next.
fn rotate(settings: &Settings) -> io::Result<()> {
    let aside = |number: u32| match number {
        0 => settings.file.clone(),
        number => {
            let mut name = settings.file.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        }
    };
    if settings.keep == 0 {
        return fs::remove_file(&settings.file);
    }
    for number in (0..settings.keep).rev() {
        match fs::rename(aside(number), aside(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A terminal, or a place for commands, of which everything is written down.
pub(super) struct Recorded<T> {
    inner: T,
    transcript: Option<Transcript>,
}

impl<T> Recorded<T> {
    pub(super) const fn new(inner: T, transcript: Option<Transcript>) -> Self {
        Self { inner, transcript }
    }
}

#[async_trait]
impl<T: Terminal> Terminal for Recorded<T> {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        if let Some(transcript) = &mut self.transcript {
            transcript.typed(bytes);
        }
        self.inner.send(bytes).await
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, DeviceError> {
        let received = self.inner.receive().await;
        if let (Some(transcript), Ok(Some(bytes))) = (&mut self.transcript, &received) {
            transcript.shown(bytes);
        }
        received
    }

    async fn close(self: Box<Self>) {
        let Self { inner, transcript } = *self;
        drop(transcript);
        Box::new(inner).close().await;
    }
}

#[async_trait]
impl<C: Commands> Commands for Recorded<C> {
    async fn run(&mut self, command: &str, changes: bool) -> Result<Output, DeviceError> {
        if let Some(transcript) = &mut self.transcript {
            transcript.typed(command.as_bytes());
        }
        let output = self.inner.run(command, changes).await;
        if let Some(transcript) = &mut self.transcript {
            match &output {
                Ok(Output { bytes, status }) => {
                    transcript.shown(bytes);
                    transcript.finish_line();
                    transcript.write("#", &format!("status {status}"));
                }
                Err(error) => transcript.write("#", &error.to_string()),
            }
        }
        output
    }

    async fn close(self: Box<Self>) {
        let Self { inner, transcript } = *self;
        drop(transcript);
        Box::new(inner).close().await;
    }
}

#[cfg(test)]
mod tests;
