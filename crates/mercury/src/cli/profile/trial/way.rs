//! From the command line, or from the service's configuration, to a switch that can be logged in
//! to.
//!
//! Secrets come from files, an agent or the terminal: arguments are everybody's to read. A switch
//! whose host key nobody vouches for is not spoken to.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use drivers::{
    redact::Redactor,
    secret::SecretSource,
    ssh_cli::{
        profile::{Profile, Profiles},
        session::System,
        transcript,
        transport::{Endpoint, Settings},
    },
};
use model::SwitchName;
use secrecy::SecretString;
use switchd::{
    config::{
        Config, DriverConfig, HostKeys, Legacy, Login, SshConfig, SwitchConfig, host_and_port,
    },
    secret::SecretRef,
};

use super::super::{
    super::{exit::Exit, failure::Told, password::ask_unseen, plugin::pair},
    Folder, told,
};

/// How long connecting may take, if no configuration says it: an old switch computes for several
/// seconds.
const CONNECT: Duration = Duration::from_secs(15);
/// How often a silent connection is tried, if no configuration says it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Which switch, and how one logs in.
#[derive(Debug, clap::Args)]
pub(super) struct Way {
    /// Where the switch is; an IPv6 address stands in brackets
    #[arg(long, value_name = "HOST[:PORT]", required_unless_present = "config")]
    address: Option<String>,
    /// The user
    #[arg(long, required_unless_present = "config")]
    user: Option<String>,
    /// The file of the user's password; only its owner may read it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The file of the user's private key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The file of what the key is locked with
    #[arg(long, value_name = "FILE", requires = "key")]
    key_passphrase_file: Option<PathBuf>,
    /// Log in with the agent at SSH_AUTH_SOCK
    #[arg(long)]
    agent: bool,
    /// The file of what `enable` asks for
    #[arg(long, value_name = "FILE")]
    enable_secret_file: Option<PathBuf>,
    /// The file with the switch's host key, as OpenSSH writes it
    #[arg(long, value_name = "FILE", group = "host")]
    known_hosts: Option<PathBuf>,
    /// The SHA-256 fingerprint of the switch's host key; may be given more than once
    #[arg(long = "host-key", value_name = "SHA256:…", group = "host")]
    host_keys: Vec<String>,
    /// Believe the first host key that is shown, and write it to this file
    #[arg(long, value_name = "FILE", group = "host")]
    first_use: Option<PathBuf>,
    /// Allow the algorithms of old switches
    #[arg(long)]
    legacy: bool,
    /// A host on the way, with the same login and in the same file of host keys; may be given more
    /// than once, the nearest first
    #[arg(long, value_name = "HOST[:PORT]")]
    jump: Vec<String>,
    /// Take address, login and options from the service's configuration
    #[arg(long, value_name = "FILE", requires = "switch", conflicts_with_all = [
        "address", "user", "password_file", "key", "agent", "enable_secret_file", "host", "legacy",
        "jump",
    ])]
    config: Option<PathBuf>,
    /// The switch of the configuration
    #[arg(long, value_name = "NAME", requires = "config")]
    switch: Option<SwitchName>,
    /// An option of the profile; may be given more than once
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// Write down what is typed and shown, without the secrets above
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

/// A profile, and the text of its file.
pub(super) struct Written {
    pub(super) profile: Arc<Profile>,
    /// The file, or the name of one that is built in.
    pub(super) name: String,
    pub(super) text: String,
}

impl Written {
    /// Of a file, or of a name if there is no such file.
    pub(super) fn find(what: &str, folder: &Folder) -> anyhow::Result<Self> {
        let path = Path::new(what);
        let is_path = what.contains('/') || path.extension().is_some_and(|end| end == "toml");
        if is_path || path.is_file() {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read `{what}`"))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let profile = Profile::parse(&text).map_err(|error| {
                Told::new(Exit::Broken, format!("the profile `{what}` is refused:\n{error}"))
                    .hint(format!("`mercury profile check {what}` until it is valid"))
            })?;
            return Ok(Self { profile: Arc::new(profile), name: what.to_owned(), text });
        }
        let profiles: Profiles = folder.profiles()?;
        let entry = profiles.get(what).map_err(|error| told(&error))?;
        let profile = entry.profile().map_err(|error| told(&error))?;
        Ok(Self { profile, name: entry.name().to_owned(), text: entry.text().to_owned() })
    }

    /// A key with the place where it is written: `read[3]` (`mine.toml`, line 12).
    pub(super) fn place(&self, key: &str) -> String {
        match Profile::line_of(&self.text, key) {
            Some(line) => format!("`{key}` (`{}`, line {line})", self.name),
            None => format!("`{key}`"),
        }
    }
}

/// All that is known of a switch before it is spoken to.
pub(super) struct Known {
    pub(super) name: SwitchName,
    pub(super) system: System,
    pub(super) settings: Settings,
    pub(super) redactor: Redactor,
    /// What the service's configuration says of the switch.
    pub(super) configured: Option<Configured>,
}

/// A switch of the service's configuration.
pub(super) struct Configured {
    pub(super) policy: PathBuf,
    pub(super) switch: SwitchConfig,
}

impl Way {
    /// Whether what is typed and shown is kept for the user.
    pub(super) const fn has_transcript(&self) -> bool {
        self.transcript.is_some()
    }

    /// Reads all that is needed to log in. Secrets are read once, so that they can be taken out of
    /// whatever is shown.
    pub(super) async fn known(&self, written: &Written, spare: &Path) -> anyhow::Result<Known> {
        let (name, mut ssh, configured) = match (&self.config, &self.switch) {
            (Some(file), Some(switch)) => configured(file, switch)?,
            _ => self.given(written)?,
        };
        ssh.options.extend(self.options.iter().cloned());
        let refused = |why: String| Told::new(Exit::Usage, why);
        let system = switchd::ssh::system(&written.profile, &ssh).map_err(|why| {
            refused(why.replace("`ssh.options.", "`--option ")).hint("`--option NAME=VALUE`")
        })?;
        let mut settings = switchd::ssh::settings(&name, &ssh).map_err(refused)?;
        let transcript = self.transcript.clone().or(ssh.transcript);
        settings.transcript =
            Some(transcript::Settings::new(transcript.unwrap_or_else(|| spare.to_owned())));
        if self.asks_for_password() {
            let prompt = format!("password of `{}`: ", settings.target.username);
            let password: Arc<dyn SecretSource> = Arc::new(ask_unseen(&prompt)?);
            for endpoint in settings.jump.iter_mut().chain([&mut settings.target]) {
                endpoint.password = Some(Arc::clone(&password));
            }
        }
        let mut secrets = Vec::new();
        for Endpoint { password, key, .. } in settings.jump.iter_mut().chain([&mut settings.target])
        {
            read(password, &mut secrets).await?;
            if let Some(key) = key {
                let mut text = Some(Arc::clone(&key.text));
                read(&mut text, &mut secrets).await?;
                key.text = text.unwrap_or_else(|| Arc::clone(&key.text));
                read(&mut key.passphrase, &mut secrets).await?;
            }
        }
        read(&mut settings.enable_secret, &mut secrets).await?;
        let redactor = Redactor::new(&secrets);
        Ok(Known { name, system, settings, redactor, configured })
    }

    fn asks_for_password(&self) -> bool {
        let given = self.password_file.is_some() || self.key.is_some() || self.agent;
        self.config.is_none() && !given
    }

    /// What the arguments say.
    fn given(
        &self,
        written: &Written,
    ) -> anyhow::Result<(SwitchName, SshConfig, Option<Configured>)> {
        let usage = |what: &str| Told::new(Exit::Usage, what);
        let address = self.address.as_deref().unwrap_or_default();
        let user = self.user.clone().unwrap_or_default();
        let (host, port) = host_and_port(address).map_err(|why| usage(&why))?;
        if user.is_empty() || user.contains(|c: char| c.is_control() || c == ' ') {
            return Err(usage("`--user` is no user's name").into());
        }
        let host_keys = match (&self.known_hosts, &self.first_use) {
            (Some(file), _) => HostKeys::Known(file.clone()),
            (None, Some(file)) => HostKeys::FirstUse(file.clone()),
            (None, None) if !self.host_keys.is_empty() => HostKeys::Pinned(self.host_keys.clone()),
            (None, None) => {
                let what = format!("nothing says which host key `{address}` has");
                return Err(Told::new(Exit::Usage, what)
                    .hint(
                        "one of `--known-hosts FILE`, `--host-key SHA256:…`, `--first-use FILE`; \
                         the switch's console shows its fingerprint",
                    )
                    .into());
            }
        };
        if self.asks_for_password() && !io::stdin().is_terminal() {
            return Err(Told::new(Exit::Usage, format!("nothing to log in with as `{user}`"))
                .hint("`--password-file FILE`, `--key FILE` or `--agent`; a terminal is asked")
                .into());
        }
        let agent = match self.agent {
            false => None,
            true => {
                Some(std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from).ok_or_else(|| {
                    usage("`--agent`, but SSH_AUTH_SOCK is not set").hint("`eval $(ssh-agent)`")
                })?)
            }
        };
        let file = |path: &Option<PathBuf>| path.clone().map(SecretRef::File);
        let login = Login {
            host,
            port,
            user,
            password: file(&self.password_file),
            key: file(&self.key),
            key_passphrase: file(&self.key_passphrase_file),
            agent,
            host_keys,
            legacy: if self.legacy { Legacy::All } else { Legacy::None },
        };
        let hop = |address: &String| {
            let (host, port) = host_and_port(address).map_err(|why| usage(&why))?;
            Ok::<_, Told>(Login { host, port, ..login.clone() })
        };
        let ssh = SshConfig {
            profile: written.profile.raw.name.clone(),
            jump: self.jump.iter().map(hop).collect::<Result<_, _>>()?,
            enable_secret: file(&self.enable_secret_file),
            options: std::collections::BTreeMap::new(),
            confirm_commits: false,
            transcript: None,
            connect_timeout: CONNECT,
            keepalive: KEEP_ALIVE,
            login,
        };
        let name = ssh.login.host.as_str().parse();
        let name = name.or_else(|_| "switch".parse()).context("no name for the switch")?;
        Ok((name, ssh, None))
    }
}

/// What the service's configuration says.
fn configured(
    file: &Path,
    name: &SwitchName,
) -> anyhow::Result<(SwitchName, SshConfig, Option<Configured>)> {
    let config = Config::load(file).map_err(|error| {
        Told::new(Exit::Broken, error.to_string())
            .hint(format!("`mercury config check {}` until it is valid", file.display()))
    })?;
    let file = file.display();
    let Some(switch) = config.switches.get(name) else {
        let names: Vec<String> = config.switches.keys().map(|name| format!("`{name}`")).collect();
        return Err(Told::new(Exit::Usage, format!("`{file}` has no switch `{name}`"))
            .hint(format!("it has {}", names.join(", ")))
            .into());
    };
    let DriverConfig::Ssh(ssh) = &switch.driver else {
        let what = format!("`{name}` of `{file}` is not spoken to by a profile");
        return Err(Told::new(Exit::Usage, what).hint("`driver = \"ssh\"` is").into());
    };
    let ssh = (**ssh).clone();
    let configured = Configured { policy: config.policy.clone(), switch: switch.clone() };
    Ok((name.clone(), ssh, Some(configured)))
}

/// Reads a secret now, so that it is known what must not be shown.
async fn read(
    source: &mut Option<Arc<dyn SecretSource>>,
    secrets: &mut Vec<SecretString>,
) -> anyhow::Result<()> {
    if let Some(at) = source {
        let secret = at.value().await.map_err(|why| Told::new(Exit::Other, why))?;
        secrets.push(secret.clone());
        *source = Some(Arc::new(secret));
    }
    Ok(())
}
