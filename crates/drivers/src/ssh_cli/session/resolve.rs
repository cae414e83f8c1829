//! Finding a port by anything that the switch knows it by.

use std::{collections::BTreeMap, sync::Arc};

use switch::{DeviceError, MatchKind, PortMatch};

use super::CliSession;
use crate::ssh_cli::{
    profile::schema::Tells,
    read::{Facts, Object},
};

/// How long a text may be that is looked for; longer ones are no port's.
const LONGEST: usize = 256;

impl CliSession {
    pub(super) async fn find(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        let system = Arc::clone(&self.system);
        let reader = &system.reader;
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        if let Some(port) = reader.names().port(text) {
            let (mut facts, mut answers) = (Facts::default(), BTreeMap::new());
            let object = Object::Port(port.clone());
            let objects = std::slice::from_ref(&object);
            self.learn(&[Tells::Ports], objects, &mut facts, &mut answers).await?;
            if reader.has(&facts, &object) {
                let exact = port.as_str() == text;
                let matched = if exact { MatchKind::Name } else { MatchKind::Alias };
                found.push(PortMatch { port, matched });
            }
        }
        if reader.tells(Tells::Names) {
            let (mut facts, mut answers) = (Facts::default(), BTreeMap::new());
            self.learn(&[Tells::Names], &[], &mut facts, &mut answers).await?;
            for other in reader.matches(&facts, text) {
                if !found.iter().any(|port| port.port == other.port) {
                    found.push(other);
                }
            }
        }
        Ok(found)
    }
}
