//! The rules of `deny.toml` that xtask can hold by itself.

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value};

/// `deny.toml`, as far as it is understood here; the rest is refused.
#[derive(Debug, PartialEq)]
pub(super) struct Rules {
    pub(super) targets: Vec<String>,
    pub(super) all_features: bool,
    pub(super) bans: Vec<Ban>,
    /// SPDX identifiers, with their exception where they have one.
    pub(super) licences: Vec<String>,
}

/// A crate that may not be in the tree.
#[derive(Debug, PartialEq)]
pub(super) struct Ban {
    pub(super) name: String,
    pub(super) reason: String,
    /// What to take in its place.
    pub(super) instead: String,
}

/// Settings that are held in one way only; another value would need code.
const FIXED: &[(&str, &str, &str)] = &[
    ("bans", "multiple-versions", "\"warn\""),
    ("bans", "wildcards", "\"deny\""),
    ("bans", "allow-wildcard-paths", "true"),
    ("licenses", "unused-allowed-license", "\"allow\""),
    ("sources", "unknown-registry", "\"deny\""),
    ("sources", "unknown-git", "\"deny\""),
];

impl Rules {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut file: Table = text.parse().context("this is not TOML")?;
        for (section, key, wanted) in FIXED {
            let value = take(&mut file, section, key)?;
            if value.to_string() != *wanted {
                bail!("`{section}.{key}` is `{value}`, but xtask holds only `{wanted}`");
            }
        }
        let rules = Self {
            targets: strings(take(&mut file, "graph", "targets")?, "graph.targets")?,
            all_features: take(&mut file, "graph", "all-features")?
                .as_bool()
                .context("`graph.all-features` is no boolean")?,
            bans: bans(take(&mut file, "bans", "deny")?)?,
            licences: strings(take(&mut file, "licenses", "allow")?, "licenses.allow")?,
        };
        ignored_advisories(&mut file)?;
        for (section, value) in &file {
            match value {
                Value::Table(left) if left.is_empty() => {}
                _ => bail!(
                    "xtask cannot hold `{section}` = `{value}`\nhint: teach crates/xtask/src/deny/rules.rs"
                ),
            }
        }
        Ok(rules)
    }
}

fn take(file: &mut Table, section: &str, key: &str) -> Result<Value> {
    file.get_mut(section)
        .and_then(Value::as_table_mut)
        .and_then(|table| table.remove(key))
        .with_context(|| format!("`{section}.{key}` is missing"))
}

fn strings(value: Value, name: &str) -> Result<Vec<String>> {
    value.try_into().with_context(|| format!("`{name}` is no list of strings"))
}

/// Takes out the advisories that are ignored. They are for cargo-deny, where somebody runs it with
/// its database; here, each only has to say why.
fn ignored_advisories(file: &mut Table) -> Result<()> {
    let Ok(value) = take(file, "advisories", "ignore") else { return Ok(()) };
    let Value::Array(entries) = value else { bail!("`advisories.ignore` is no list") };
    for entry in entries {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let fields = entry.as_table().map_or(0, Table::len);
        if fields != 2 || text("id").is_empty() || text("reason").is_empty() {
            bail!("`{entry}` in `advisories.ignore` has to be an `id` and a `reason`");
        }
    }
    Ok(())
}

fn bans(value: Value) -> Result<Vec<Ban>> {
    let Value::Array(entries) = value else { bail!("`bans.deny` is no list") };
    entries
        .into_iter()
        .map(|entry| {
            let Value::Table(mut entry) = entry else { bail!("`{entry}` in `bans.deny` is no table") };
            let mut field = |key: &str| match entry.remove(key) {
                Some(Value::String(text)) if !text.is_empty() => Ok(text),
                _ => bail!("a ban in `bans.deny` has no `{key}`: every ban names its reason and what to use"),
            };
            let ban =
                Ban { name: field("crate")?, reason: field("reason")?, instead: field("use-instead")? };
            if !entry.is_empty() {
                bail!("xtask cannot hold `{entry}` of the ban on `{}`", ban.name);
            }
            Ok(ban)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [graph]
        targets = ["x86_64-unknown-linux-gnu"]
        all-features = true
        [bans]
        multiple-versions = "warn"
        wildcards = "deny"
        allow-wildcard-paths = true
        deny = [{ crate = "openssl", reason = "C", use-instead = "rustls" }]
        [licenses]
        allow = ["MIT"]
        unused-allowed-license = "allow"
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
    "#;

    fn refused(from: &str, to: &str) -> String {
        assert!(FILE.contains(from), "{from}");
        format!("{:#}", Rules::parse(&FILE.replace(from, to)).unwrap_err())
    }

    #[test]
    fn the_rules_are_read() {
        assert_eq!(
            Rules::parse(FILE).unwrap(),
            Rules {
                targets: vec!["x86_64-unknown-linux-gnu".into()],
                all_features: true,
                bans: vec![Ban {
                    name: "openssl".into(),
                    reason: "C".into(),
                    instead: "rustls".into(),
                }],
                licences: vec!["MIT".into()],
            }
        );
    }

    #[test]
    fn an_advisory_may_be_ignored_for_a_reason() {
        let ignored = "[advisories]\nignore = [{ id = \"A\", reason = \"b\" }]\n[sources]";
        assert!(Rules::parse(&FILE.replace("[sources]", ignored)).is_ok());
    }

    #[test]
    fn a_rule_that_is_not_understood_is_refused() {
        assert!(refused("[sources]", "[advisories]\nx = 1\n[sources]").contains("`advisories`"));
        assert!(
            refused("[sources]", "[advisories]\nignore = [{ id = \"A\" }]\n[sources]")
                .contains("an `id` and a `reason`")
        );
        assert!(refused("allow = [\"MIT\"]", "allow = []\nexceptions = []").contains("`licenses`"));
        assert!(
            refused("unknown-git = \"deny\"", "unknown-git = \"allow\"").contains("holds only")
        );
        assert!(refused("reason = \"C\",", "").contains("no `reason`"));
        assert!(refused("reason = \"C\",", "reason = \"C\", wrappers = [],").contains("wrappers"));
        assert!(refused("wildcards = \"deny\"", "").contains("`bans.wildcards` is missing"));
    }

    #[test]
    fn the_projects_own_file_is_understood_and_bans_what_it_should() {
        let path = crate::cargo::root().join("deny.toml");
        let rules = Rules::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        let names: Vec<&str> = rules.bans.iter().map(|ban| ban.name.as_str()).collect();
        assert_eq!(
            names,
            ["openssl-sys", "openssl", "native-tls", "aws-lc-sys", "aws-lc-rs", "serde_yaml"]
        );
    }
}
