//! A configuration: the statements that are set.

use std::collections::BTreeSet;

use super::schema::{CHOICES, Found, Path, Step};

/// What is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree(BTreeSet<Path>);

/// A change of one statement that another change stands in the way of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) path: Path,
    pub(super) is_there: bool,
}

impl Tree {
    /// `set`.
    pub(super) fn set(&mut self, path: Path) {
        if let Some((last, before)) = path.split_last() {
            match last {
                Step::Leaf(_) => self.0.retain(|kept| {
                    let is_other = matches!(kept.last(), Some(Step::Leaf(_)));
                    !(is_other && kept.len() == path.len() && kept.starts_with(before))
                }),
                Step::Word(_, word) => {
                    let rivals = CHOICES.iter().find(|choice| choice.contains(word));
                    let rivals = rivals.copied().unwrap_or_default();
                    self.0.retain(|kept| {
                        let is_rival = kept
                            .get(before.len())
                            .is_some_and(|step| rivals.contains(&step.text()));
                        !(is_rival && kept.starts_with(before))
                    });
                }
                Step::Key(_) | Step::Item(_) => {}
            }
        }
        self.0.insert(path);
        self.tidy();
    }

    /// `delete`; false if there is no such statement.
    pub(super) fn delete(&mut self, found: &Found) -> bool {
        let before = self.0.len();
        self.0.retain(|kept| !kept.starts_with(&found.path));
        if self.0.len() == before {
            return false;
        }
        if let Some(owner) = found.path.get(..found.stays).filter(|owner| !owner.is_empty()) {
            self.0.insert(owner.to_vec());
        }
        self.tidy();
        true
    }

    /// `rename`: gives what is below a path another name.
    pub(super) fn rename(&mut self, old: &[Step], new: &[Step]) {
        let paths = std::mem::take(&mut self.0);
        let renamed = paths.into_iter().map(|path| match path.strip_prefix(old) {
            Some(rest) => [new, rest].concat(),
            None => path,
        });
        self.0 = renamed.collect();
    }

    /// A statement that another goes on from is said by that one.
    fn tidy(&mut self) {
        let paths: Vec<&Path> = self.0.iter().collect();
        let kept = paths.iter().enumerate().filter(|(index, path)| {
            !paths.get(index + 1).is_some_and(|next| next.starts_with(path))
        });
        self.0 = kept.map(|(_, path)| (*path).clone()).collect();
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter()
    }

    /// The part below a path.
    pub(super) fn below(&self, path: &[Step]) -> Self {
        Self(self.0.iter().filter(|kept| kept.starts_with(path)).cloned().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn matching<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = &'a Path> {
        self.0.iter().filter(move |kept| {
            kept.len() >= words.len()
                && kept.iter().zip(words).all(|(step, word)| step.text() == *word)
        })
    }

    /// Whether anything is set at a place or below.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        self.matching(words).next().is_some()
    }

    /// The value at a place.
    pub(super) fn leaf<'a>(&'a self, words: &[&str]) -> Option<&'a str> {
        self.0.iter().find_map(|kept| {
            let is_here = kept.len() == words.len() + 1
                && kept.iter().zip(words).all(|(step, word)| step.text() == *word);
            match kept.last() {
                Some(Step::Leaf(value)) if is_here => Some(value.as_str()),
                _ => None,
            }
        })
    }

    /// The names at a place, or the values of a list.
    pub(super) fn names<'a>(&'a self, words: &[&str]) -> Vec<&'a str> {
        let mut names = Vec::new();
        for kept in &self.0 {
            let is_here = kept.iter().zip(words).all(|(step, word)| step.text() == *word);
            if let Some(step @ (Step::Key(_) | Step::Item(_))) = kept.get(words.len())
                && is_here
                && names.last() != Some(&step.text())
            {
                names.push(step.text());
            }
        }
        names
    }

    /// This configuration with what has been changed between two others, or the first change that
    /// somebody else has made meanwhile.
    pub(super) fn merged(&self, from: &Self, to: &Self) -> Result<Self, Conflict> {
        let mut merged = self.clone();
        for gone in from.0.difference(&to.0) {
            // A statement that another now goes on from has not gone.
            let goes_on = to.0.iter().any(|path| path.starts_with(gone));
            if !merged.0.remove(gone) && !goes_on {
                return Err(Conflict { path: gone.clone(), is_there: false });
            }
        }
        for come in to.0.difference(&from.0) {
            let was_below = from.0.iter().any(|path| path.starts_with(come));
            if merged.0.contains(come) && !was_below {
                return Err(Conflict { path: come.clone(), is_there: true });
            }
            merged.set(come.clone());
        }
        merged.tidy();
        Ok(merged)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::render::commands;
    use super::super::schema::read;
    use super::*;

    /// What these lines set, each without its `set`.
    pub(in super::super) fn tree(lines: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for line in lines {
            tree.set(read(&line.split(' ').collect::<Vec<_>>(), true).unwrap().path);
        }
        tree
    }

    fn deleted(tree: &Tree, line: &str) -> (bool, String) {
        let mut tree = tree.clone();
        let found = read(&line.split(' ').collect::<Vec<_>>(), false).unwrap();
        let was = tree.delete(&found);
        (was, commands(&tree))
    }

    #[test]
    fn values_are_replaced_and_lists_grow() {
        let tree = tree(&[
            "interfaces ae5 mtu 9000",
            "interfaces ae5 mtu 1500",
            "interfaces ae5 aggregated-ether-options lacp passive",
            "interfaces ae5 aggregated-ether-options lacp active",
            "interfaces ae5 unit 0 family ethernet-switching",
            "interfaces ae5 unit 0 family ethernet-switching vlan members v10",
            "interfaces ae5 unit 0 family ethernet-switching vlan members 9",
        ]);
        let lines = "\
set interfaces ae5 mtu 1500
set interfaces ae5 aggregated-ether-options lacp active
set interfaces ae5 unit 0 family ethernet-switching vlan members 9
set interfaces ae5 unit 0 family ethernet-switching vlan members v10
";
        assert_eq!(commands(&tree), lines);
    }

    #[test]
    fn what_is_deleted_leaves_its_owner() {
        let tree = tree(&["interfaces ae5 unit 0 family ethernet-switching vlan members 9"]);
        for (line, was, left) in [
            (
                "interfaces ae5 unit 0 family ethernet-switching vlan members 9",
                true,
                "set interfaces ae5 unit 0 family ethernet-switching\n",
            ),
            (
                "interfaces ae5 unit 0 family ethernet-switching",
                true,
                "set interfaces ae5 unit 0\n",
            ),
            ("interfaces ae5", true, ""),
            ("interfaces ae6", false, &commands(&tree)),
        ] {
            assert_eq!(deleted(&tree, line), (was, left.to_owned()), "{line}");
        }
    }

    #[test]
    fn changes_of_others_are_kept_or_stand_in_the_way() {
        let base = tree(&["vlans v10 vlan-id 10", "interfaces ae5 mtu 1500"]);
        let own = tree(&["vlans v10 vlan-id 10", "interfaces ae5 mtu 9000"]);
        let other = tree(&["vlans v20 vlan-id 20", "interfaces ae5 mtu 1500"]);
        let both = tree(&["vlans v20 vlan-id 20", "interfaces ae5 mtu 9000"]);
        assert_eq!(other.merged(&base, &own), Ok(both));
        let same = own.merged(&base, &own).unwrap_err();
        assert!(!same.is_there, "the value that was to go has gone");
        let more =
            tree(&["vlans v10 vlan-id 10", "interfaces ae5 mtu 1500", "vlans v30 vlan-id 30"]);
        assert!(more.merged(&base, &more).unwrap_err().is_there);
    }
}
