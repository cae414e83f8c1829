//! Runs one program to its end, within a deadline, and gives back what it printed.
//!
//! Programs are looked up in `PATH` and in the `sbin` directories, because a plain user
//! environment often lacks the latter. A program that overstays is killed.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

/// How long one tool may run: each ends within milliseconds, but a loaded machine is slow.
pub(crate) const TOOL_LIMIT: Duration = Duration::from_secs(20);

/// The full path of `program`, if it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

/// A command for `program`, found as [`find`] does.
pub(crate) fn tool(program: &str) -> Result<Command> {
    let path = find(program).ok_or_else(|| anyhow!("`{program}` is not installed"))?;
    Ok(Command::new(path))
}

/// A command for `program` inside the network namespace `namespace`.
///
/// `nsenter` rather than `ip netns exec`: the latter also unshares mounts, which would keep the
/// namespaces of other labs mounted in a daemon's private view.
pub(crate) fn tool_in(namespace: &str, program: &str) -> Result<Command> {
    let path = find(program).ok_or_else(|| anyhow!("`{program}` is not installed"))?;
    let mut command = tool("nsenter")?;
    command.arg(format!("--net={}", Path::new("/run/netns").join(namespace).display()));
    command.arg("--").arg(path);
    Ok(command)
}

/// Runs `command` with `input` on its standard input; gives back its standard output.
///
/// # Errors
/// When it cannot start, outlives `limit` or ends with a failure; the message holds its standard
/// error.
pub(crate) fn run(mut command: Command, input: &str, limit: Duration) -> Result<String> {
    let shown = shown(&command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let pid = child.id();
    let stdin = child.stdin.take();
    let (done, answer) = channel();
    let input = input.to_owned();
    thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // A program that ends without reading says why by its exit status.
            let _ = stdin.write_all(input.as_bytes());
        }
        let _ = done.send(child.wait_with_output());
    });
    let output = match answer.recv_timeout(limit) {
        Ok(output) => output.with_context(|| format!("cannot wait for `{shown}`"))?,
        Err(RecvTimeoutError::Timeout) => {
            signal(pid, "KILL")?;
            bail!("`{shown}` did not end within {limit:?}");
        }
        Err(RecvTimeoutError::Disconnected) => bail!("`{shown}` could not be awaited"),
    };
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed: {}: {}", output.status, stderr.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Sends `signal` (`STOP`, `CONT`, `KILL`) to `pid`, which must be a child not yet reaped or a
/// process checked by the caller.
pub(crate) fn signal(pid: u32, signal: &str) -> Result<()> {
    let status = tool("kill")?
        .arg(format!("-{signal}"))
        .arg(pid.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start `kill`")?;
    if !status.success() {
        bail!("cannot send SIG{signal} to process {pid}");
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_its_input_and_gives_its_output() {
        let output = run(tool("cat").unwrap(), "hello", TOOL_LIMIT).unwrap();
        assert_eq!(output, "hello");
    }

    #[test]
    fn a_failure_carries_standard_error() {
        let mut command = tool("ls").unwrap();
        command.arg("/nonexistent");
        let error = run(command, "", TOOL_LIMIT).unwrap_err().to_string();
        assert!(error.contains("ls /nonexistent` failed"), "{error}");
        assert!(error.contains("No such file"), "{error}");
    }

    #[test]
    fn a_program_that_overstays_is_killed() {
        let mut command = tool("tail").unwrap();
        command.args(["-f", "/dev/null"]);
        let error = run(command, "", Duration::from_millis(50)).unwrap_err().to_string();
        assert!(error.ends_with("tail -f /dev/null` did not end within 50ms"), "{error}");
    }
}
