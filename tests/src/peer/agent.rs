//! The deploy agent that would run on the server: it accepts every command and says that it worked.
//!
//! The conductor calls it over HTTP. Its heartbeats are not sent from here: a test sends them, when
//! it has seen what it wanted to see. The same listener hands out the kernel and the ramdisk that
//! nobody boots.

use std::{
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::http::read_message;

/// A stand-in for the agent of any number of servers that boot one after the other.
#[derive(Debug)]
pub struct Agent {
    address: SocketAddr,
    commands: Commands,
}

/// The commands since the last boot, with their results.
type Commands = Arc<Mutex<Vec<Value>>>;

impl Agent {
    /// Listens on a port of the system's choice, until the process ends.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the agent cannot listen")?;
        let address = listener.local_addr()?;
        let commands = Commands::default();
        let shared = Arc::clone(&commands);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let commands = Arc::clone(&shared);
                // The conductor's end of the connection is enough of an error message.
                thread::spawn(move || serve(stream, &commands));
            }
        });
        Ok(Self { address, commands })
    }

    /// Where the conductor reaches it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts anew: a ramdisk that has just booted has carried out nothing, and Ironic looks at
    /// that.
    pub fn boot(&self) {
        locked(&self.commands).clear();
    }

    /// The names of the commands since the last boot.
    pub fn commands(&self) -> Vec<String> {
        let commands = locked(&self.commands);
        commands
            .iter()
            .filter_map(|command| command.get("command_name")?.as_str().map(str::to_owned))
            .collect()
    }
}

fn locked(commands: &Commands) -> std::sync::MutexGuard<'_, Vec<Value>> {
    commands.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, commands: &Commands) -> Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(message) = read_message(&mut stream, false)? {
        let mut words = message.first_line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let body = match method {
            "POST" => run(&serde_json::from_slice(&message.body)?, commands).to_string(),
            _ if path.starts_with("/v1/commands") => {
                json!({ "commands": *locked(commands) }).to_string()
            }
            _ => "not a boot image\n".to_owned(),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let shown = if method == "HEAD" { "" } else { &body };
        stream.get_mut().write_all(format!("{head}{shown}").as_bytes())?;
    }
    Ok(())
}

/// Carries out a command: `clean.get_clean_steps`, `deploy.execute_deploy_step`, `standby.power_off`
/// and so on.
fn run(command: &Value, commands: &Commands) -> Value {
    let text = |member: &str| command.get(member).and_then(Value::as_str).unwrap_or_default();
    let name = text("name").rsplit('.').next().unwrap_or_default();
    let parameters = command.get("params").cloned().unwrap_or_default();
    let step = parameters.get("step").cloned().unwrap_or_default();
    let result = match name {
        "get_clean_steps" => {
            steps("clean_steps", &json!([agent_step("erase_devices_metadata", 10)]))
        }
        "get_deploy_steps" => steps("deploy_steps", &json!([])),
        "get_service_steps" => steps("service_steps", &json!([agent_step("look_around", 0)])),
        "execute_clean_step" => json!({ "clean_result": null, "clean_step": step }),
        "execute_deploy_step" => json!({ "deploy_result": null, "deploy_step": step }),
        "execute_service_step" => json!({ "service_result": null, "service_step": step }),
        _ => json!({}),
    };
    let mut commands = locked(commands);
    let done = json!({
        "id": format!("command-{}", commands.len()),
        "command_name": name,
        "command_params": parameters,
        "command_status": "SUCCEEDED",
        "command_error": null,
        "command_result": result,
    });
    commands.push(done.clone());
    done
}

/// What the agent's one hardware manager can do.
fn steps(kind: &str, steps: &Value) -> Value {
    json!({ kind: { "Generic": steps }, "hardware_manager_version": { "Generic": "1" } })
}

fn agent_step(name: &str, priority: u32) -> Value {
    json!({ "step": name, "priority": priority, "interface": "deploy", "reboot_requested": false })
}
