//! The network namespaces of one lab and the cables between them.
//!
//! Names are `mlab<pid>-<number>-<name>`: unique while the process lives, and a later run can tell
//! from the process id that a leftover has no owner.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, anyhow};

use crate::command::{TOOL_LIMIT, run, tool};

/// Every namespace that any lab makes begins with this.
pub(crate) const PREFIX: &str = "mlab";

/// Namespaces that are deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Namespaces {
    names: BTreeMap<String, String>,
}

/// A cable: two ends, each a lab name (host or switch) and an interface name.
#[derive(Clone, Debug)]
pub(crate) struct Cable {
    pub(crate) left: (String, String),
    pub(crate) right: (String, String),
}

impl Namespaces {
    /// Makes one namespace for each of `names`, in one call.
    pub(crate) fn make(names: &[String], pid: u32, number: u32) -> Result<Self> {
        let mut batch = String::new();
        let mut made = BTreeMap::new();
        for name in names {
            let namespace = format!("{PREFIX}{pid}-{number}-{name}");
            writeln!(batch, "netns add {namespace}")?;
            made.insert(name.clone(), namespace);
        }
        let made = Self { names: made };
        ip_batch(&[], &batch).context("cannot make network namespaces")?;
        Ok(made)
    }

    /// The namespace of the host or switch `name`.
    pub(crate) fn get(&self, name: &str) -> Result<&str> {
        let known = self.names.get(name);
        known.map(String::as_str).ok_or_else(|| anyhow!("the lab has no `{name}`"))
    }

    /// Lays every cable as a veth pair with both ends up.
    pub(crate) fn lay(&self, cables: &[Cable]) -> Result<()> {
        let mut add = String::new();
        let mut up: BTreeMap<&str, String> = BTreeMap::new();
        for Cable { left, right } in cables {
            let (left_namespace, right_namespace) = (self.get(&left.0)?, self.get(&right.0)?);
            writeln!(
                add,
                "link add {} up netns {left_namespace} type veth peer name {} netns {right_namespace}",
                left.1, right.1
            )?;
            // The far end cannot be brought up in the same line: it has no peer yet at that moment.
            writeln!(up.entry(right_namespace).or_default(), "link set dev {} up", right.1)?;
        }
        ip_batch(&[], &add).context("cannot make veth pairs (does the kernel have veth?)")?;
        for (namespace, batch) in up {
            ip_batch(&["-n", namespace], &batch).context("cannot bring links up")?;
        }
        Ok(())
    }

    /// Deletes every namespace; harmless when repeated.
    pub(crate) fn delete(&mut self) -> Result<()> {
        let names = std::mem::take(&mut self.names);
        let batch: String = names.values().map(|name| format!("netns del {name}\n")).collect();
        if batch.is_empty() {
            return Ok(());
        }
        ip_batch(&["-force"], &batch).context("cannot delete network namespaces")
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        // Nobody is left to tell; the next lab sweeps what stays.
        let _ = self.delete();
    }
}

/// Runs `ip OPTIONS -batch -` on `batch`.
pub(crate) fn ip_batch(options: &[&str], batch: &str) -> Result<()> {
    let mut command = tool("ip")?;
    command.args(options).args(["-batch", "-"]);
    run(command, batch, TOOL_LIMIT).map(drop)
}
