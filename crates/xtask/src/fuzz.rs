//! `cargo xtask fuzz`: libFuzzer on stable Rust.
//!
//! cargo-fuzz asks for a nightly compiler, for its sanitizers. Code without `unsafe` gains little
//! from those, and coverage feedback needs only flags that stable has; they are in
//! `fuzz/.cargo/config.toml`. A run counts only if it proves that it ran: inputs executed, and
//! coverage seen.

mod report;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};

use crate::cargo::{cargo, program, read, root, run as run_command};

use report::Report;

/// Long enough to pass every branch of a parser, short enough to be run before a merge.
const SECONDS: u32 = 60;
/// One for each core of the smallest machine that we build on.
const AT_A_TIME: usize = 2;
/// Fewer executed inputs than this and the fuzzer did not work, whatever its exit code.
const FEWEST_INPUTS: u64 = 1_000;
/// libFuzzer's limits for one input: bytes, seconds, and mebibytes for the process. A parser of
/// messages that are at most some kibibytes long reaches none of them unless it is at fault.
const LIMITS: [&str; 3] = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048"];

/// What was asked for.
#[derive(Debug, PartialEq)]
struct Arguments {
    seconds: u32,
    list: bool,
    /// None means all.
    targets: Vec<String>,
}

/// Builds the targets and runs them; fails if one crashed or did not run in earnest.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let Arguments { seconds, list, targets } = parse(arguments)?;
    let folder = root().join("fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))
        .context("cannot read `fuzz/Cargo.toml`")?;
    let known = names(&manifest)?;
    if list {
        println!("{}", known.join("\n"));
        return Ok(());
    }
    let targets = choose(&known, targets)?;
    let programs = build(&folder)?;

    println!("fuzzing {} for {seconds} s each, {AT_A_TIME} at a time", targets.join(", "));
    let outcomes = run_all(&folder, &programs, &targets, seconds);
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.is_err())
        .map(|(target, _)| target.as_str())
        .collect();
    for (target, outcome) in &outcomes {
        match outcome {
            Ok(report) => println!("  ok      {target}: {report}"),
            Err(error) => println!("  FAILED  {target}: {error:#}"),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("{} of {} fuzz targets failed: {}", failed.len(), outcomes.len(), failed.join(", "))
}

fn parse(arguments: &[String]) -> Result<Arguments> {
    let mut parsed = Arguments { seconds: SECONDS, list: false, targets: Vec::new() };
    let mut smoke = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--smoke" => smoke = true,
            "--list" => parsed.list = true,
            "--seconds" => {
                let value = words.next().context("`--seconds` needs a number")?;
                parsed.seconds =
                    value.parse().with_context(|| format!("`--seconds {value}` is no number"))?;
            }
            option if option.starts_with('-') => bail!(
                "`fuzz` does not know `{option}`\nhint: it takes --smoke, --seconds N, --list and names of targets"
            ),
            target => parsed.targets.push(target.to_owned()),
        }
    }
    if smoke && !parsed.targets.is_empty() {
        bail!("`--smoke` runs all targets; name targets without it");
    }
    Ok(parsed)
}

/// The names of the programs in the manifest, in its order.
fn names(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("`fuzz/Cargo.toml` is not TOML")?;
    let programs = manifest.get("bin").and_then(toml::Value::as_array);
    programs
        .context("`fuzz/Cargo.toml` has no `[[bin]]`")?
        .iter()
        .map(|program| program.get("name").and_then(toml::Value::as_str).map(str::to_owned))
        .collect::<Option<_>>()
        .context("a `[[bin]]` in `fuzz/Cargo.toml` has no name")
}

fn choose(known: &[String], wanted: Vec<String>) -> Result<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|target| !known.contains(target)) {
        bail!("no fuzz target `{unknown}` (there are: {})", known.join(", "));
    }
    Ok(if wanted.is_empty() { known.to_vec() } else { wanted })
}

/// Builds all targets and gives the folder of the programs.
fn build(folder: &Path) -> Result<PathBuf> {
    // These would take the place of what `fuzz/.cargo/config.toml` says.
    let overrides =
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];
    let mut command = cargo();
    command.current_dir(folder).args(["build", "--release", "--bins"]);
    for name in overrides {
        command.env_remove(name);
    }
    run_command(&mut command)
        .context("hint: libFuzzer is C++; on Debian, `apt-get install g++`")?;
    let version = read(program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(folder.join("target").join(host.context("`rustc -vV` names no host")?).join("release"))
}

/// Runs the targets, some at a time, and gives the outcomes in the order of `targets`.
fn run_all(
    folder: &Path,
    programs: &Path,
    targets: &[String],
    seconds: u32,
) -> Vec<(String, Result<Report>)> {
    let waiting = Mutex::new(targets.iter().enumerate());
    let done = Mutex::new(Vec::new());
    let next = || waiting.lock().ok()?.next();
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((index, target)) = next() {
                    let outcome = run_one(folder, programs, target, seconds);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, target.clone(), outcome));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, ..)| *index);
    done.into_iter().map(|(_, target, outcome)| (target, outcome)).collect()
}

fn run_one(folder: &Path, programs: &Path, target: &str, seconds: u32) -> Result<Report> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    let seeds = folder.join("seeds").join(target);
    let dictionary = folder.join("dictionaries").join(format!("{target}.dict"));
    for made in [&corpus, &artifacts] {
        std::fs::create_dir_all(made)
            .with_context(|| format!("cannot make `{}`", made.display()))?;
    }
    if !seeds.is_dir() {
        bail!("`{}` is missing: a fuzzer without examples learns slowly", seeds.display());
    }
    let binary = programs.join(target);
    let mut command = program(&binary);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .args(LIMITS)
        .env("RUST_BACKTRACE", "1");
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    // New finds go to the first folder; the seeds are only read.
    let output = command
        .args([&corpus, &seeds])
        .output()
        .with_context(|| format!("cannot start `{}`", binary.display()))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let kept = artifacts.join("log");
    std::fs::write(&kept, log.as_bytes())
        .with_context(|| format!("cannot write `{}`", kept.display()))?;

    if let Some(input) = report::crash(&log) {
        bail!(
            "{}\n          input: {input}\n          again: {} {input}\n          log: {}",
            report::reason(&log),
            binary.display(),
            kept.display()
        );
    }
    if !output.status.success() {
        bail!("ended with {}; log: {}", output.status, kept.display());
    }
    let report = Report::read(&log)
        .with_context(|| format!("its log has no figures: {}", kept.display()))?;
    report.prove(FEWEST_INPUTS)?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_minute_for_all_is_the_default() {
        let all = Arguments { seconds: 60, list: false, targets: Vec::new() };
        assert_eq!(parse(&[]).unwrap(), all);
        assert_eq!(parse(&words("--smoke")).unwrap(), all);
        assert_eq!(
            parse(&words("rpc --seconds 5 policy")).unwrap(),
            Arguments { seconds: 5, list: false, targets: words("rpc policy") }
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--seconds", "--seconds soon", "--second 5", "--smoke rpc"] {
            assert!(parse(&words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn targets_come_from_the_manifest() {
        let known = names("[[bin]]\nname = \"rpc\"\n[[bin]]\nname = \"policy\"").unwrap();
        assert_eq!(choose(&known, Vec::new()).unwrap(), words("rpc policy"));
        assert_eq!(choose(&known, words("policy")).unwrap(), words("policy"));
        assert_eq!(
            choose(&known, words("ports")).unwrap_err().to_string(),
            "no fuzz target `ports` (there are: rpc, policy)"
        );
        assert!(names("[package]").is_err());
    }
}
