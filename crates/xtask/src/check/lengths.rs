//! A file is a room: ordinarily 100 to 400 lines.

use anyhow::{Result, bail};

use crate::files::File;

/// From here on a file is named, since it wants splitting.
const LONG: usize = 600;
/// From here on it is refused.
const TOO_LONG: usize = 800;

/// Refuses files that are too long; the remark names those that are long.
pub(super) fn check(files: &[File]) -> Result<String> {
    let lengths = || files.iter().map(|file| (file, file.text.lines().count()));
    let name = |(file, lines): (&File, usize)| format!("`{}` has {lines}", file.path.display());
    let too_long: Vec<_> = lengths().filter(|(_, lines)| *lines > TOO_LONG).map(name).collect();
    if !too_long.is_empty() {
        bail!("over {TOO_LONG} lines: {}", too_long.join(", "));
    }
    let long: Vec<_> = lengths().filter(|(_, lines)| *lines > LONG).map(name).collect();
    if long.is_empty() {
        return Ok(format!("{} files", files.len()));
    }
    Ok(format!("{} files; warning: over {LONG} lines: {}", files.len(), long.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: usize) -> File {
        File { path: "a.rs".into(), text: "x\n".repeat(lines) }
    }

    #[test]
    fn six_hundred_lines_are_fine_more_are_named_and_more_than_eight_hundred_refused() {
        assert_eq!(check(&[file(600)]).unwrap(), "1 files");
        assert_eq!(
            check(&[file(601), file(800)]).unwrap(),
            "2 files; warning: over 600 lines: `a.rs` has 601, `a.rs` has 800"
        );
        assert_eq!(check(&[file(801)]).unwrap_err().to_string(), "over 800 lines: `a.rs` has 801");
    }
}
