//! How deep a JSON text nests, before anything parses it.

/// Whether arrays and objects nest deeper than `most`. Counts brackets outside strings in one pass
/// and without recursion; on bytes that are not JSON the answer means nothing, and the parser
/// refuses them anyway.
pub fn depth_exceeds(body: &[u8], most: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::depth_exceeds;

    #[test]
    fn brackets_count_outside_strings_only() {
        let cases: [(&str, usize, bool); 8] = [
            ("1", 0, false),
            ("[]", 0, true),
            ("[]", 1, false),
            ("[[],[],{}]", 2, false),
            ("[[[]]]", 2, true),
            (r#"["[[[[",{"a":"\"[[["}]"#, 2, false),
            (r#"["\\",[[]]]"#, 2, true),
            ("]]]][", 1, false),
        ];
        for (text, most, deeper) in cases {
            assert_eq!(depth_exceeds(text.as_bytes(), most), deeper, "{text}");
        }
        assert!(depth_exceeds("[".repeat(1_000_000).as_bytes(), 32));
    }
}
