//! `mercury openrpc`.

use super::{exit::Exit, output::Output};

pub(super) fn run(output: &mut Output) -> anyhow::Result<Exit> {
    output.json(&rpc::openrpc::document())?;
    Ok(Exit::Ok)
}
