//! The floors of the house: which crate may import which.
//!
//! Only what ships is held to it. Dev-dependencies are free, since a test may look up and down.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::steps::findings;

/// A crate of the workspace and those of ours that it may import. The same table, with the
/// reasons, is in `ARCHITECTURE.md`.
struct Floor {
    name: &'static str,
    may_import: &'static [&'static str],
}

/// Every crate that another may import, from the ground up.
const ALL: &[&str] = &["model", "rpc", "switch", "drivers", "switchd", "fabric", "lab"];

/// The benchmarks start the service as the system tests do.
const MEASURED: &[&str] =
    &["model", "rpc", "switch", "drivers", "switchd", "fabric", "lab", "system-tests"];

const FLOORS: &[Floor] = &[
    Floor { name: "model", may_import: &[] },
    Floor { name: "rpc", may_import: &["model"] },
    Floor { name: "switch", may_import: &["model"] },
    Floor { name: "drivers", may_import: &["model", "switch"] },
    Floor { name: "switchd", may_import: &["model", "rpc", "switch", "drivers"] },
    // A simulator that shared code with the drivers would share their mistakes.
    Floor { name: "fabric", may_import: &["model"] },
    Floor { name: "lab", may_import: &[] },
    Floor { name: "mercury", may_import: ALL },
    Floor { name: "fuzzed", may_import: &["model", "rpc", "switch", "drivers", "switchd"] },
    // Builds while the rest does not.
    Floor { name: "xtask", may_import: &[] },
    Floor { name: "system-tests", may_import: ALL },
    Floor { name: "benches", may_import: MEASURED },
];

/// An import of one crate of the workspace by another: importer, imported.
type Import = (String, String);

/// Holds the table against the manifests, as `cargo metadata` shows them.
pub(super) fn check(metadata: &Value) -> Result<String> {
    let (crates, imports) = workspace(metadata)?;
    findings(&breaches(&crates, &imports))?;
    Ok(format!("{} crates, {} imports", crates.len(), imports.len()))
}

/// The crates of the workspace, and the imports between them that are not for tests alone.
fn workspace(metadata: &Value) -> Result<(BTreeSet<String>, Vec<Import>)> {
    let members: BTreeSet<&str> =
        array(metadata, "workspace_members")?.iter().filter_map(Value::as_str).collect();
    let packages: Vec<(&str, &Value)> = array(metadata, "packages")?
        .iter()
        .filter(|package| text(package, "id").is_some_and(|id| members.contains(id)))
        .filter_map(|package| Some((text(package, "name")?, package)))
        .collect();
    let crates: BTreeSet<String> = packages.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut imports = Vec::new();
    for (name, package) in packages {
        for dependency in array(package, "dependencies")? {
            let is_for_tests = text(dependency, "kind") == Some("dev");
            // Ours have no source; a foreign crate may happen to bear the same name.
            let is_ours = text(dependency, "source").is_none();
            if let Some(imported) = text(dependency, "name")
                && is_ours
                && !is_for_tests
                && crates.contains(imported)
            {
                imports.push((name.to_owned(), imported.to_owned()));
            }
        }
    }
    Ok((crates, imports))
}

fn breaches(crates: &BTreeSet<String>, imports: &[Import]) -> Vec<String> {
    let mut found = Vec::new();
    for name in crates {
        if !FLOORS.iter().any(|floor| floor.name == name) {
            found.push(format!("crate `{name}` has no row in the table of floors"));
        }
    }
    for floor in FLOORS {
        if !crates.contains(floor.name) {
            found.push(format!(
                "the table of floors has a row for `{}`, which is no crate",
                floor.name
            ));
        }
    }
    for (importer, imported) in imports {
        let Some(floor) = FLOORS.iter().find(|floor| floor.name == importer) else {
            continue;
        };
        if !floor.may_import.contains(&imported.as_str()) {
            let allowed = match floor.may_import {
                [] => "nothing of ours".to_owned(),
                names => names.join(", "),
            };
            found.push(format!("`{importer}` imports `{imported}` (allowed: {allowed})"));
        }
    }
    found
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value
        .get(key)
        .and_then(Value::as_array)
        .with_context(|| format!("cargo metadata has no `{key}`"))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all_crates() -> BTreeSet<String> {
        FLOORS.iter().map(|floor| floor.name.to_owned()).collect()
    }

    fn import(importer: &str, imported: &str) -> Import {
        (importer.to_owned(), imported.to_owned())
    }

    #[test]
    fn the_table_names_each_crate_once_and_has_no_circle() {
        assert_eq!(all_crates().len(), FLOORS.len());
        let mut below: Vec<&str> = Vec::new();
        for floor in FLOORS {
            for imported in floor.may_import {
                assert!(below.contains(imported), "`{}` may import `{imported}`", floor.name);
            }
            below.push(floor.name);
        }
    }

    #[test]
    fn an_import_from_below_is_fine_and_one_from_above_or_beside_is_not() {
        assert_eq!(breaches(&all_crates(), &[import("switch", "model")]), [""; 0]);
        assert_eq!(
            breaches(
                &all_crates(),
                &[import("rpc", "switch"), import("model", "rpc"), import("fabric", "drivers")]
            ),
            [
                "`rpc` imports `switch` (allowed: model)",
                "`model` imports `rpc` (allowed: nothing of ours)",
                "`fabric` imports `drivers` (allowed: model)",
            ]
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let mut crates = all_crates();
        crates.remove("lab");
        crates.insert("store".to_owned());
        assert_eq!(
            breaches(&crates, &[import("store", "model")]),
            [
                "crate `store` has no row in the table of floors",
                "the table of floors has a row for `lab`, which is no crate",
            ]
        );
    }

    #[test]
    fn only_our_own_crates_and_no_dev_dependencies_are_imports() {
        let metadata = json!({
            "workspace_members": ["rpc 0.1", "model 0.1", "lab 0.1"],
            "packages": [
                {"id": "model 0.1", "name": "model", "dependencies": []},
                {"id": "lab 0.1", "name": "lab", "dependencies": []},
                {"id": "rpc 0.1", "name": "rpc", "dependencies": [
                    {"name": "model", "kind": null, "source": null},
                    {"name": "model", "kind": "build", "source": null},
                    {"name": "lab", "kind": "dev", "source": null},
                    {"name": "serde", "kind": null, "source": "registry"},
                    {"name": "lab", "kind": null, "source": "registry"},
                ]},
                {"id": "serde 1.0", "name": "serde", "dependencies": []},
            ],
        });
        let (crates, imports) = workspace(&metadata).unwrap();
        assert_eq!(crates.into_iter().collect::<Vec<_>>(), ["lab", "model", "rpc"]);
        assert_eq!(imports, [import("rpc", "model"), import("rpc", "model")]);
    }
}
