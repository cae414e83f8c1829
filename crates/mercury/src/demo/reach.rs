//! Who hears whom, as a set that can be compared and shown.

use std::{collections::BTreeSet, fmt};

use super::{
    cast::{NAMES, Server},
    paper::{Paper, Tone},
};

/// Which server hears a broadcast frame of which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reach(BTreeSet<(String, String)>);

impl Reach {
    /// Nobody hears anybody.
    pub(super) fn nobody() -> Self {
        Self::default()
    }

    /// These servers hear each other, and nobody else hears anybody.
    pub(super) fn among(servers: &[Server]) -> Self {
        let mut reach = Self::default();
        for from in servers {
            for to in servers {
                reach.add(from.name, to.name);
            }
        }
        reach
    }

    /// `to` hears `from`. That a server hears itself is of no interest.
    pub(super) fn add(&mut self, from: &str, to: &str) {
        if from != to {
            self.0.insert((from.to_owned(), to.to_owned()));
        }
    }

    /// Whether `to` hears `from`.
    pub(super) fn has(&self, from: &str, to: &str) -> bool {
        self.0.contains(&(from.to_owned(), to.to_owned()))
    }

    /// Shows it as a table: a row for each sender, a column for each listener.
    pub(super) fn show(&self, paper: &mut Paper<'_>) -> anyhow::Result<()> {
        let mut heading = format!("{:<18}", "frames from \\ to");
        for to in NAMES {
            heading.push_str(&format!("{to:>10}"));
        }
        paper.line(&paper.paint(Tone::Faint, &heading))?;
        for from in NAMES {
            let mut row = format!("{from:<18}");
            for to in NAMES {
                let (tone, word) = match (from == to, self.has(from, to)) {
                    (true, _) => (Tone::Faint, "."),
                    (false, true) => (Tone::Good, "heard"),
                    (false, false) => (Tone::Faint, "-"),
                };
                row.push_str(&paper.paint(tone, &format!("{word:>10}")));
            }
            paper.line(&row)?;
        }
        Ok(())
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nobody hears anybody");
        }
        for (number, (from, to)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{to} hears {from}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::{Cast, OVSDB};

    #[test]
    fn a_group_hears_each_other_and_nobody_itself() {
        let Cast { one, two, three, .. } = &OVSDB;
        let both = Reach::among(&[*one, *two]);
        assert_eq!(both.to_string(), "server-2 hears server-1, server-1 hears server-2");
        assert!(!both.has(one.name, one.name) && !both.has(one.name, three.name));
        assert_eq!(Reach::among(&[*one]), Reach::nobody());
        assert_eq!(Reach::nobody().to_string(), "nobody hears anybody");
    }

    #[test]
    fn the_table_has_a_row_for_each_sender() {
        let mut text = Vec::new();
        let mut paper = Paper::new(&mut text, crate::render::Look::default());
        let mut reach = Reach::nobody();
        reach.add(OVSDB.one.name, OVSDB.two.name);
        reach.show(&mut paper).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
        frames from \ to    server-1  server-2  server-3
        server-1                   .     heard         -
        server-2                   -         .         -
        server-3                   -         -         .
        ");
    }
}
