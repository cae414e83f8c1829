//! A configuration file: it is read, or every problem has its words; never both, never neither.

use std::{collections::HashMap, path::Path};
use switchd::config::Config;

pub(crate) fn input(text: &str) {
    match Config::parse(Path::new("/etc/mercury/switchd.toml"), text, Some(HashMap::new())) {
        Ok(config) => assert!(!config.listen.is_empty(), "a service that nobody can reach"),
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a word"),
    }
}
