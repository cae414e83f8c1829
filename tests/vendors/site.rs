//! A simulated switch and a service that manages it.

use std::collections::BTreeSet;

use fabric::ssh::{PortView, Settings, SshSwitch, User};
use rpc::method::Method;
use serde_json::Value;
use system_tests::{Daemon, Setup};
use tokio::runtime::Runtime;

use crate::vendor::Vendor;

/// The VLAN of ports that nobody has.
pub(crate) const IDLE: u16 = 999;

pub(crate) const PASSWORD: &str = "a-secret-of-the-test";

pub(crate) struct Site {
    pub(crate) vendor: Vendor,
    pub(crate) switch: SshSwitch,
    pub(crate) daemon: Daemon,
    _runtime: Runtime,
}

/// The VLANs that a port lets through, whether they exist on the switch or not.
pub(crate) type Vlans = BTreeSet<u16>;

impl Site {
    pub(crate) fn new(vendor: Vendor) -> Self {
        Self::with(vendor, |settings| settings, "", "")
    }

    /// A site with other settings of the switch, and more keys in its section and in `[ssh]` of it.
    pub(crate) fn with(
        vendor: Vendor,
        change: impl FnOnce(Settings) -> Settings,
        keys: &str,
        ssh: &str,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let user = User::new("mercury").password(PASSWORD.to_owned());
        let settings = Settings::new("leaf-01")
            .user(user)
            .ports(8)
            .configuration(vendor.configuration.iter().copied());
        let switch = runtime.block_on(SshSwitch::start(vendor.system, &change(settings))).unwrap();
        let section = section(vendor, &switch, keys, ssh);
        let setup = Setup::new()
            .switch("leaf-01", &section)
            .file("password", PASSWORD)
            .file("known_hosts", &format!("{}\n", switch.known_hosts_line()))
            .without_fsync();
        let daemon = Daemon::start(&setup).unwrap();
        Self { vendor, switch, daemon, _runtime: runtime }
    }

    pub(crate) fn port(&self, number: u16) -> String {
        self.vendor.port(number)
    }

    pub(crate) fn call(&self, method: Method, context: Value) -> Value {
        let answer = self.daemon.call(method, context);
        answer.unwrap_or_else(|error| panic!("{error}\n{}", self.said()))
    }

    /// What was typed and shown, for whoever reads why a test failed.
    pub(crate) fn said(&self) -> String {
        let each = self.switch.commands();
        let each = each.iter().map(|command| format!("> {}\n{}", command.line, command.output));
        each.collect()
    }

    pub(crate) fn view(&self, port: &str) -> PortView {
        self.switch.port(port).unwrap_or_else(|| panic!("no {port}"))
    }

    /// What a port or LAG carries: `untagged 100 tagged 200-202`.
    pub(crate) fn carries(&self, port: &str) -> String {
        carried(&self.view(port))
    }

    /// The LAG that these ports are the members of.
    pub(crate) fn lag_of(&self, ports: &[String]) -> PortView {
        let lags = self.switch.ports().into_iter();
        let mut lags = lags.filter(|view| ports.iter().all(|port| view.members.contains(port)));
        lags.next().unwrap_or_else(|| panic!("no LAG of {ports:?}\n{}", self.said()))
    }

    /// Every VLAN that frames of these ports, alone or in a LAG, have been in since the history
    /// began.
    pub(crate) fn ever(&self, ports: &[&str]) -> Vlans {
        let names: Vec<String> = ports.iter().map(|port| self.view(port).name).collect();
        let past = self.switch.history();
        let views = past.iter().filter_map(|past| past.view.as_ref());
        // A LAG has no ports but these.
        let theirs = views.filter(|view| names.contains(&view.name) || !view.members.is_empty());
        theirs.flat_map(open).collect()
    }
}

fn section(vendor: Vendor, switch: &SshSwitch, keys: &str, ssh: &str) -> String {
    let Vendor { profile, options, .. } = vendor;
    format!(
        "driver = \"ssh\"\nprofile = \"{profile}\"\naddress = \"{}\"\nidle_vlan = {IDLE}\n\
         create_vlans = true\nlag_ids = \"10-19\"\n{keys}[switch.leaf-01.ssh]\nuser = \"mercury\"\n\
         password = {{ file = \"password\" }}\nknown_hosts = \"known_hosts\"\n\
         options = {{ {options} }}\n{ssh}\n",
        switch.address()
    )
}

/// What frames can pass, now or as soon as a VLAN is made.
fn open(view: &PortView) -> Vlans {
    match view.up {
        true => view.permits.iter().chain(view.untagged).collect(),
        false => Vlans::new(),
    }
}

pub(crate) fn carried(view: &PortView) -> String {
    let untagged = view.untagged.map(|vlan| format!("untagged {vlan}"));
    let tagged = (!view.tagged.is_empty()).then(|| format!("tagged {}", view.tagged));
    let words: Vec<String> = [untagged, tagged].into_iter().flatten().collect();
    words.join(" ")
}
