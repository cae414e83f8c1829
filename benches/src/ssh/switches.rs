//! The switches that both sides are measured on: simulated ones, with real SSH servers on loopback
//! and the delays of a network.

use std::time::Duration;

use anyhow::{Context as _, Result};
use fabric::ssh::{Settings, SshSwitch, System, User, Weather};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, time::timeout};

/// How long a byte takes to a switch and back.
pub(super) const ROUND_TRIP: Duration = Duration::from_millis(20);
/// From the end of the authentication to the first prompt.
pub(super) const LOGIN: Duration = Duration::from_millis(300);

const USER: &str = "bench";
const PASSWORD: &str = "bench-only";
/// The file with the password, in Mercury's own directory.
pub(super) const PASSWORD_FILE: (&str, &str) = ("switch.password", PASSWORD);
/// The VLANs that are there; nobody has to make one.
const VLANS: &str = "vlan 100-199";
/// How long a start may take: a socket and a key each.
const START: Duration = Duration::from_secs(60);

/// One port of one switch that is to be an access port of a VLAN.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Which switch.
    pub(super) switch: usize,
    /// Which of its ports, from 1.
    pub(super) port: u16,
    /// Where to.
    pub(super) vlan: u16,
}

/// What was said to the switches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Talk {
    /// How many commands.
    pub(super) commands: usize,
    /// In how many logins.
    pub(super) logins: usize,
}

/// Switches of one system that run.
pub(super) struct Switches {
    system: System,
    switches: Vec<SshSwitch>,
    /// What they run on. Dropped after them.
    _runtime: Runtime,
}

impl Switches {
    /// Starts so many with so many ports each, on which a command takes so long besides.
    pub(super) fn start(
        system: System,
        count: usize,
        ports: u16,
        command: Duration,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start a runtime for the switches")?;
        let weather = Weather {
            login_delay: LOGIN,
            round_trip: ROUND_TRIP,
            command_delay: command,
            ..Weather::default()
        };
        let starting = async {
            let mut switches = Vec::with_capacity(count);
            for number in 0..count {
                let settings = Settings::new(name(number))
                    .user(User::new(USER).password(PASSWORD))
                    .ports(ports)
                    .weather(weather)
                    .configuration([VLANS, "exit"]);
                switches.push(SshSwitch::start(system, &settings).await?);
            }
            anyhow::Ok(switches)
        };
        let switches = runtime.block_on(async { timeout(START, starting).await });
        let switches = switches.context("the switches do not start")??;
        Ok(Self { system, switches, _runtime: runtime })
    }

    /// What it is called, for people.
    pub(super) const fn title(&self) -> &'static str {
        match self.system {
            System::NxOs => "Cisco NX-OS",
            _ => "Arista EOS",
        }
    }

    /// A port's name.
    pub(super) fn port(&self, number: u16) -> String {
        match self.system {
            System::NxOs => format!("Ethernet1/{number}"),
            _ => format!("Ethernet{number}"),
        }
    }

    /// The sections of Mercury's configuration, each with its switch's name.
    pub(super) fn sections(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let profile = match self.system {
            System::NxOs => "cisco-nxos",
            _ => "arista-eos",
        };
        self.switches.iter().map(move |switch| {
            let (name, address) = (switch.name(), switch.address());
            let section = format!(
                "driver = \"ssh\"\nprofile = \"{profile}\"\naddress = \"{address}\"\n\
                 detach = \"closed\"\n[switch.{name}.ssh]\nuser = \"{USER}\"\n\
                 password = {{ file = \"{}\" }}\nhost_keys = [\"{}\"]\n",
                PASSWORD_FILE.0,
                switch.fingerprint(),
            );
            (name.to_owned(), section)
        })
    }

    /// The options of the first `count` switches in networking-generic-switch's words, with `more`.
    pub(super) fn devices(&self, count: usize, more: &Value) -> Value {
        let device_type = match self.system {
            System::NxOs => "netmiko_cisco_nxos",
            _ => "netmiko_arista_eos",
        };
        let devices = self.switches.iter().take(count).map(|switch| {
            let address = switch.address();
            let mut options = json!({
                "device_type": device_type, "ip": address.ip().to_string(),
                "port": address.port().to_string(), "username": USER, "password": PASSWORD,
            });
            if let (Some(options), Some(more)) = (options.as_object_mut(), more.as_object()) {
                options.extend(more.clone());
            }
            (switch.name().to_owned(), options)
        });
        devices.collect()
    }

    /// The changes whose ports are not where they should be.
    pub(super) fn wrong(&self, changes: &[Change]) -> usize {
        let wrong = self.switches.iter().enumerate().map(|(number, switch)| {
            let ports = switch.ports();
            let of_this = changes.iter().filter(|change| change.switch == number);
            let is_right = |change: &Change| {
                let name = self.port(change.port);
                ports.iter().any(|port| {
                    port.name == name
                        && port.untagged == Some(change.vlan)
                        && port.permits.is_empty()
                })
            };
            of_this.filter(|change| !is_right(change)).count()
        });
        wrong.sum()
    }

    /// What was said since the last time, and forgets it.
    pub(super) fn talk(&self) -> Talk {
        let mut talk = Talk::default();
        for switch in &self.switches {
            let commands = switch.commands();
            let mut logins: Vec<u64> = commands.iter().map(|command| command.session).collect();
            logins.sort_unstable();
            logins.dedup();
            talk.commands += commands.len();
            talk.logins += logins.len();
            switch.forget();
        }
        talk
    }

    /// The lines that were said since the last time, and forgets them.
    pub(super) fn lines(&self) -> Vec<String> {
        let commands = self.switches.iter().flat_map(SshSwitch::commands);
        let lines = commands.map(|command| command.line).collect();
        self.switches.iter().for_each(SshSwitch::forget);
        lines
    }
}

/// A switch's name, by its number.
pub(super) fn name(number: usize) -> String {
    format!("leaf-{number:03}")
}
