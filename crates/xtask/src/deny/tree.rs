//! The dependency tree, and what in it breaks the rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::rules::Rules;
use super::spdx;

/// Every package that is built for some target and feature, with what the rules ask about.
pub(super) struct Tree {
    packages: Vec<Package>,
}

struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    origin: Origin,
    /// Dependencies that any version satisfies, or that come from another registry.
    odd_dependencies: Vec<String>,
}

#[derive(PartialEq)]
enum Origin {
    Workspace,
    Registry,
    /// A git repository, or a folder outside of the workspace.
    Elsewhere(String),
}

impl Tree {
    /// Reads what `cargo metadata --format-version 1` prints.
    pub(super) fn read(metadata: &Value) -> Result<Self> {
        let list = |value: &Value, key: &str| -> Result<Vec<Value>> {
            let found = value.get(key).and_then(Value::as_array).cloned();
            found.with_context(|| format!("cargo metadata has no `{key}`"))
        };
        let members: BTreeSet<String> = list(metadata, "workspace_members")?
            .iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let mut packages = Vec::new();
        for package in list(metadata, "packages")? {
            let id = text(&package, "id").context("a package has no id")?;
            let origin = match text(&package, "source") {
                _ if members.contains(&id) => Origin::Workspace,
                Some(source)
                    if source.starts_with("registry+") || source.starts_with("sparse+") =>
                {
                    Origin::Registry
                }
                Some(source) => Origin::Elsewhere(source),
                None => Origin::Elsewhere("a folder outside of the workspace".to_owned()),
            };
            let odd_dependencies = list(&package, "dependencies")?
                .iter()
                .filter_map(|dependency| {
                    let name = text(dependency, "name")?;
                    // Absent for the public registry, which needs no name.
                    if let Some(registry) = text(dependency, "registry") {
                        return Some(format!("takes `{name}` from the registry `{registry}`"));
                    }
                    let is_wildcard = text(dependency, "req").is_some_and(|req| req == "*")
                        && text(dependency, "source").is_some();
                    // What others write in their manifests is not ours to judge.
                    (is_wildcard && origin == Origin::Workspace)
                        .then(|| format!("takes any version of `{name}`"))
                })
                .collect();
            packages.push(Package {
                name: text(&package, "name").context("a package has no name")?,
                version: text(&package, "version").context("a package has no version")?,
                licence: text(&package, "license"),
                origin,
                odd_dependencies,
            });
        }
        Ok(Self { packages })
    }

    pub(super) fn len(&self) -> usize {
        self.packages.len()
    }

    /// One line for each breach of a rule.
    pub(super) fn breaches(&self, rules: &Rules) -> Vec<String> {
        let mut found = Vec::new();
        for package in &self.packages {
            let Package { name, version, licence, origin, odd_dependencies } = package;
            if let Some(ban) = rules.bans.iter().find(|ban| ban.name == *name) {
                found.push(format!(
                    "`{name}` {version} is banned: {} (use instead: {})",
                    ban.reason, ban.instead
                ));
            }
            match licence
                .as_deref()
                .map(|licence| (licence, spdx::permits(licence, &rules.licences)))
            {
                None => found.push(format!("`{name}` {version} names no licence")),
                Some((licence, Ok(false))) => {
                    found.push(format!(
                        "`{name}` {version} has the licence `{licence}`, which is not allowed"
                    ));
                }
                Some((_, Err(error))) => found.push(format!("`{name}` {version}: {error:#}")),
                Some((_, Ok(true))) => {}
            }
            if let Origin::Elsewhere(source) = origin {
                found.push(format!("`{name}` {version} comes from {source}"));
            }
            found.extend(odd_dependencies.iter().map(|odd| format!("`{name}` {odd}")));
        }
        found
    }

    /// Crates that are built in several versions, as `name (1.0.0, 2.0.0)`.
    pub(super) fn several_versions(&self) -> Vec<String> {
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for package in &self.packages {
            versions.entry(&package.name).or_default().push(&package.version);
        }
        versions.retain(|_, versions| versions.len() > 1);
        versions
            .iter()
            .map(|(name, versions)| format!("{name} ({})", versions.join(", ")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::Ban;
    use super::*;
    use serde_json::json;

    fn rules() -> Rules {
        Rules {
            targets: Vec::new(),
            all_features: true,
            bans: vec![Ban {
                name: "openssl".into(),
                reason: "C".into(),
                instead: "rustls".into(),
            }],
            licences: vec!["MIT".into()],
        }
    }

    fn breaches(package: &Value) -> Vec<String> {
        let metadata = json!({"workspace_members": ["ours"], "packages": [package]});
        Tree::read(&metadata).unwrap().breaches(&rules())
    }

    #[test]
    fn a_fine_package_breaks_no_rule() {
        let package = json!({
            "id": "a", "name": "a", "version": "1.0.0", "license": "MIT OR GPL-3.0-only",
            "source": "registry+x", "dependencies": [
                {"name": "b", "req": "*", "source": "registry+x", "registry": null}],
        });
        assert_eq!(breaches(&package), [""; 0]);
    }

    #[test]
    fn bans_licences_and_sources_are_held() {
        let package = json!({
            "id": "o", "name": "openssl", "version": "0.10.1", "license": "GPL-3.0-only",
            "source": "git+https://example.org/o", "dependencies": [],
        });
        assert_eq!(
            breaches(&package),
            [
                "`openssl` 0.10.1 is banned: C (use instead: rustls)",
                "`openssl` 0.10.1 has the licence `GPL-3.0-only`, which is not allowed",
                "`openssl` 0.10.1 comes from git+https://example.org/o",
            ]
        );
        let package = json!({
            "id": "p", "name": "p", "version": "1.0.0", "license": null, "source": null,
            "dependencies": [],
        });
        assert_eq!(
            breaches(&package),
            [
                "`p` 1.0.0 names no licence",
                "`p` 1.0.0 comes from a folder outside of the workspace"
            ]
        );
    }

    #[test]
    fn our_own_crates_may_not_take_any_version_or_another_registry() {
        let package = json!({
            "id": "ours", "name": "ours", "version": "0.1.0", "license": "MIT", "source": null,
            "dependencies": [
                {"name": "a", "req": "*", "source": "registry+x", "registry": null},
                {"name": "model", "req": "*", "source": null, "registry": null},
                {"name": "c", "req": "^1", "source": "registry+y", "registry": "y"}],
        });
        assert_eq!(
            breaches(&package),
            ["`ours` takes any version of `a`", "`ours` takes `c` from the registry `y`"]
        );
    }

    #[test]
    fn a_crate_in_two_versions_is_named() {
        let package = |version: &str| {
            json!({"id": version, "name": "rand", "version": version, "license": "MIT",
                   "source": "registry+x", "dependencies": []})
        };
        let metadata =
            json!({"workspace_members": [], "packages": [package("0.9.1"), package("0.10.0")]});
        assert_eq!(Tree::read(&metadata).unwrap().several_versions(), ["rand (0.9.1, 0.10.0)"]);
    }
}
