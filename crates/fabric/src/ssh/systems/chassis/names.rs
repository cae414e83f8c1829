//! Names of interfaces.

/// What an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Lag,
    Port,
    Uplink,
    Loopback,
    Management,
    Svi,
    Tunnel,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct IfName {
    pub(crate) kind: Kind,
    /// `[1, 49]` for `1/49`.
    pub(crate) unit: Vec<u32>,
}

impl IfName {
    pub(crate) fn lag(number: u32) -> Self {
        Self { kind: Kind::Lag, unit: vec![number] }
    }

    /// The last number.
    pub(crate) fn number(&self) -> u32 {
        self.unit.last().copied().unwrap_or_default()
    }

    pub(crate) fn unit_text(&self) -> String {
        let unit: Vec<String> = self.unit.iter().map(u32::to_string).collect();
        unit.join("/")
    }
}

/// A system's word for a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) kind: Kind,
    /// As the configuration has it: `Port-Channel`.
    pub(crate) long: &'static str,
    /// As tables have it: `Po`.
    pub(crate) short: &'static str,
    /// How many numbers a unit has.
    pub(crate) depth: usize,
}

/// A system's words; earlier ones are taken first when a beginning fits several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming(pub(crate) &'static [Word]);

impl Naming {
    fn word(&self, kind: Kind) -> Option<&'static Word> {
        self.0.iter().find(|word| word.kind == kind)
    }

    /// The canonical name.
    pub(crate) fn long(&self, name: &IfName) -> String {
        let word = self.word(name.kind).map_or("", |word| word.long);
        format!("{word}{}", name.unit_text())
    }

    /// The name in tables.
    pub(crate) fn short(&self, name: &IfName) -> String {
        let word = self.word(name.kind).map_or("", |word| word.short);
        format!("{word}{}", name.unit_text())
    }

    /// Reads a name: any beginning of the long word, or the short one, in any case, with or
    /// without a blank before the numbers.
    pub(crate) fn read(&self, text: &str) -> Option<IfName> {
        let digits = text.find(|letter: char| letter.is_ascii_digit())?;
        let (letters, unit) = text.split_at_checked(digits)?;
        let letters = letters.trim().to_ascii_lowercase();
        if letters.is_empty() {
            return None;
        }
        let mut numbers = Vec::new();
        for number in unit.trim().split('/') {
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            numbers.push(number.parse().ok().filter(|_| is_number)?);
        }
        let fits = |word: &&Word| {
            let begins = word.long.to_ascii_lowercase().starts_with(&letters);
            begins || word.short.eq_ignore_ascii_case(&letters)
        };
        let word = self.0.iter().find(fits)?;
        (numbers.len() == word.depth).then_some(IfName { kind: word.kind, unit: numbers })
    }

    /// Reads names with ranges: `Et1-4,7`, `Eth1/1-2, Eth1/9`, `Gi1/0/1 - 4`, `1/1/3-1/1/4` after
    /// the first word.
    pub(crate) fn read_many(&self, text: &str) -> Option<Vec<IfName>> {
        let mut names: Vec<IfName> = Vec::new();
        for item in text.split(',') {
            let item = item.trim();
            let start = item.find(|letter: char| letter.is_ascii_digit())?;
            let dash = item.get(start..)?.find('-').map(|dash| dash + start);
            let (first, last) = match dash {
                Some(dash) => (item.get(..dash)?.trim(), Some(item.get(dash + 1..)?.trim())),
                None => (item, None),
            };
            let first = if start == 0 {
                let before = names.last()?.clone();
                self.with_numbers(&before, first)?
            } else {
                self.read(first)?
            };
            let last = match last {
                Some(last) => self.with_numbers(&first, last).or_else(|| self.read(last))?,
                None => first.clone(),
            };
            let (from, to) = (first.number(), last.number());
            if to < from || to - from > 4096 {
                return None;
            }
            for number in from..=to {
                let mut name = first.clone();
                if let Some(own) = name.unit.last_mut() {
                    *own = number;
                }
                names.push(name);
            }
        }
        (!names.is_empty()).then_some(names)
    }

    /// An interface of the same kind, with these last numbers.
    fn with_numbers(&self, like: &IfName, numbers: &str) -> Option<IfName> {
        let given: Option<Vec<u32>> = numbers.split('/').map(|text| text.parse().ok()).collect();
        let given = given?;
        let kept = like.unit.len().checked_sub(given.len())?;
        let unit = like.unit.iter().take(kept).copied().chain(given).collect();
        Some(IfName { kind: like.kind, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMING: Naming = Naming(&[
        Word { kind: Kind::Port, long: "Ethernet", short: "Eth", depth: 2 },
        Word { kind: Kind::Lag, long: "port-channel", short: "Po", depth: 1 },
    ]);

    #[test]
    fn names_are_read_in_every_form() {
        for (text, long) in [
            ("Ethernet1/1", Some("Ethernet1/1")),
            ("e1/1", Some("Ethernet1/1")),
            ("eth 1/48", Some("Ethernet1/48")),
            ("PO10", Some("port-channel10")),
            ("port-channel 10", Some("port-channel10")),
            ("Ethernet1", None),
            ("1/1", None),
            ("x1/1", None),
            ("eth1/", None),
            ("eth1/1a", None),
        ] {
            assert_eq!(NAMING.read(text).map(|name| NAMING.long(&name)).as_deref(), long, "{text}");
        }
    }

    #[test]
    fn ranges_are_read() {
        for (text, names) in [
            ("eth1/1-3", Some("Eth1/1 Eth1/2 Eth1/3")),
            ("Eth1/1, Eth1/3", Some("Eth1/1 Eth1/3")),
            ("eth1/1-1/2,1/9", Some("Eth1/1 Eth1/2 Eth1/9")),
            ("po1 - 2", Some("Po1 Po2")),
            ("eth1/3-1", None),
            ("eth1/1-", None),
        ] {
            let read = NAMING.read_many(text).map(|names| {
                let short: Vec<_> = names.iter().map(|name| NAMING.short(name)).collect();
                short.join(" ")
            });
            assert_eq!(read.as_deref(), names, "{text}");
        }
    }
}
