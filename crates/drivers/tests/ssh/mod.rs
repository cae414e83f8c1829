//! SSH to servers that share no code with the client: OpenSSH's, and one in Python.

mod agent;
mod commands;
mod host_keys;
mod jump;
mod logins;
mod openssh;
mod peer;
mod terminal;
mod wrong;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use drivers::ssh_cli::{
    console::{Answer, Console, Line},
    conversation::Conversation,
    profile::schema::RawProfile,
    transport::{Endpoint, Fingerprint, Settings, Ssh},
};
use secrecy::SecretString;
use switch::DeviceError;
use tempfile::TempDir;

const PASSWORD: &str = "hunter22";

/// A folder with what a test needs: keys, and later whatever is written there.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a key, and says where it is.
    fn key(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-C", "test", "-f"]).arg(&path).args(arguments);
        if !arguments.contains(&"-N") {
            command.args(["-N", ""]);
        }
        run(&mut command);
        path
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What OpenSSH says a key's fingerprint is.
fn fingerprint(key: &Path) -> Fingerprint {
    let shown = run(Command::new("ssh-keygen").arg("-lf").arg(key.with_extension("pub")));
    shown.split(' ').nth(1).unwrap().parse().unwrap()
}

fn secret(text: &str) -> Arc<SecretString> {
    Arc::new(text.to_owned().into())
}

/// A host on this machine whose key is pinned.
fn endpoint(port: u16, host_key: &Path) -> Endpoint {
    let mut endpoint = Endpoint::new("127.0.0.1", "mercury");
    endpoint.port = port;
    endpoint.host_keys.pinned = vec![fingerprint(host_key)];
    endpoint
}

fn settings(endpoint: Endpoint) -> Settings {
    let mut settings = Settings::new("leaf-01", endpoint);
    // Without optimisation, an exchange over a large group takes seconds.
    settings.connect_timeout = Duration::from_secs(60);
    settings
}

fn conversation(session: &str) -> Conversation {
    let text = format!(
        "profile = 1\nname = 'test'\ntitle = 'Test'\nread = []\nrender = {{}}\n[ports]\nnaming = \
         'exact'\npattern = 'Ethernet.*'\n[capabilities]\n{session}"
    );
    let raw: RawProfile = toml::from_str(&text).unwrap();
    let mut problems = Vec::new();
    let compiled = Conversation::compile(&raw, &mut problems);
    compiled.unwrap_or_else(|| panic!("{problems:?}"))
}

/// A terminal like most.
fn terminal() -> Conversation {
    conversation(
        "[session]\nkind = 'terminal'\nprompts.ready = '{host}# ?'\ngoodbye = 'exit'\nnew_password \
         = ['New password:']\nquestions = [{ match = 'User Name:', answer = '{username}' }, { \
         match = 'Password:', answer = '{password}' }]",
    )
}

fn reads(text: &str) -> Line<'_> {
    Line { text, changes: false, questions: &[] }
}

async fn ask(console: &mut Box<dyn Console>, text: &str) -> Answer {
    console.ask(&reads(text)).await.unwrap()
}

async fn dial(ssh: &Ssh, conversation: &Conversation) -> Result<Box<dyn Console>, DeviceError> {
    let dialling = tokio::time::timeout(Duration::from_secs(90), ssh.dial(conversation));
    dialling.await.expect("no answer")
}

/// Logs in, asks one thing, and says goodbye.
async fn version(ssh: &Ssh) -> Result<String, DeviceError> {
    let mut console = dial(ssh, &terminal()).await?;
    let answer = ask(&mut console, "show version").await;
    console.close().await;
    Ok(answer.text)
}

/// Why there is no login.
async fn refusal(ssh: &Ssh) -> String {
    let error = dial(ssh, &terminal()).await.err().expect("logged in");
    assert!(matches!(error, DeviceError::Unreachable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error}");
    error.to_string()
}
