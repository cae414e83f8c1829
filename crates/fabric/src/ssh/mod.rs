//! Simulated switches that are configured through SSH.
//!
//! An [`SshSwitch`] is a real SSH server on loopback behind which a switch operating system is
//! imitated: prompts, modes, abbreviations, warnings, refusals, what the running configuration
//! shows and what it hides. It is written from the vendors' manuals and published captures, and
//! knows nothing of the programs that it is there to test.
//!
//! Three things are for tests. [`SshSwitch::port`] says what a port would let through, worked out
//! as the real system forwards and not as the client meant it. [`SshSwitch::history`] has the same
//! after every single command, so that a port that was on a third network for the time between
//! two commands is found out. [`SshSwitch::faults`] makes the switch slow, silent, or false.
//!
//! A system is an implementation of [`Device`]; everything that is the same for all of them
//! (login, terminal, pager, echo, faults, records) is here.
//!
//! No packets move, and times are those of a program: what a device takes seconds for is done at
//! once unless a delay is asked for.

mod channel;
mod device;
mod editor;
mod faults;
mod link;
mod login;
mod machine;
mod pager;
mod record;
mod server;
mod settings;
mod switch;
mod systems;
mod view;
mod vlans;
mod world;

pub use device::{Device, Exit, Login, Manners, Overflow, Prompt, Reply, Screen, TypeAhead, Wants};
pub use faults::{Fault, Faults, Moment, Trigger, Weather};
pub use record::{Command, Past};
pub use settings::{Settings, User};
pub use switch::SshSwitch;
pub use systems::System;
pub use view::PortView;
pub use vlans::VlanSet;
pub use world::{Cable, Neighbour, World};
