//! Small things that tables and texts of all systems need.

/// `00:11:22:33:44:55`.
pub(crate) fn colons(mac: &[u8; 6]) -> String {
    let bytes: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

/// `0011.2233.4455`.
pub(crate) fn dots(mac: &[u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}{b:02x}.{c:02x}{d:02x}.{e:02x}{f:02x}")
}

/// Twelve digits of a MAC address written in any way, to compare.
pub(crate) fn digits(mac: &str) -> String {
    mac.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase()
}

/// A line and what is behind its `|`.
pub(crate) fn pipes(line: &str) -> (&str, Vec<&str>) {
    let mut parts = line.split(" | ");
    let command = parts.next().unwrap_or_default();
    (command, parts.map(str::trim).collect())
}

/// Filters as behind a `|`: `include`, `exclude`, `begin`, `section`, `no-more`, `count`. None if
/// a filter is not known.
pub(crate) fn filter(text: String, pipes: &[&str]) -> Option<String> {
    let mut text = text;
    for pipe in pipes {
        let (word, rest) = pipe.split_once(' ').unwrap_or((pipe, ""));
        let rest = rest.trim().trim_matches('"');
        let is = |full: &str| word.len() >= 2 && full.starts_with(word);
        let lines = text.split_inclusive('\n');
        text = if is("no-more") {
            text
        } else if is("include") || is("grep") {
            lines.filter(|line| line.contains(rest)).collect()
        } else if is("exclude") {
            lines.filter(|line| !line.contains(rest)).collect()
        } else if is("begin") {
            lines.skip_while(|line| !line.contains(rest)).collect()
        } else if is("section") {
            let mut is_in = false;
            let sections = lines.filter(|line| {
                if !line.starts_with(' ') {
                    is_in = line.contains(rest);
                }
                is_in
            });
            sections.collect()
        } else if is("count") {
            format!("{}\n", lines.count())
        } else {
            return None;
        };
    }
    Some(text)
}

/// Items with commas between them on lines no longer than `width`; lines after the first begin
/// with `indent`.
pub(crate) fn wrap(items: &[String], separator: &str, width: usize, indent: &str) -> String {
    let mut text = String::new();
    let mut used = 0;
    for (index, item) in items.iter().enumerate() {
        let last = index + 1 == items.len();
        let piece = if last { item.clone() } else { format!("{item}{separator}") };
        if used > 0 && used + piece.trim_end().len() > width {
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
            text.push_str(indent);
            used = 0;
        }
        used += piece.len();
        text.push_str(&piece);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_filtered() {
        let text = || "a 1\n b 1\nc 2\n b 2\n".to_owned();
        for (pipes, expected) in [
            (&["include 1"][..], Some("a 1\n b 1\n")),
            (&["ex b"], Some("a 1\nc 2\n")),
            (&["begin c"], Some("c 2\n b 2\n")),
            (&["section a", "inc b"], Some(" b 1\n")),
            (&["no-more"], Some("a 1\n b 1\nc 2\n b 2\n")),
            (&["json"], None),
        ] {
            assert_eq!(filter(text(), pipes).as_deref(), expected, "{pipes:?}");
        }
    }

    #[test]
    fn lists_are_wrapped() {
        let items: Vec<String> = ["10", "20-30", "40"].map(str::to_owned).to_vec();
        assert_eq!(wrap(&items, ",", 100, ">"), "10,20-30,40");
        assert_eq!(wrap(&items, ",", 9, ">"), "10,20-30,\n>40");
        assert_eq!(wrap(&items, ", ", 8, ">"), "10,\n>20-30,\n>40");
    }

    #[test]
    fn addresses_are_written_and_compared() {
        let mac = [0, 0x1c, 0x73, 0xAB, 5, 0xfe];
        assert_eq!(
            (colons(&mac).as_str(), dots(&mac).as_str()),
            ("00:1c:73:ab:05:fe", "001c.73ab.05fe")
        );
        assert_eq!(digits("001C.73ab.05fe"), digits("00:1c:73:ab:05:fe"));
    }
}
