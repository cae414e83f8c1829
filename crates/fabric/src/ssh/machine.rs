//! A device with its sessions behind one lock, without its type.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::device::{Device, Exit, Login, Manners, Prompt, Reply, Screen, Wants};
use super::record::{Command, Past, Record};
use super::view::PortView;
use super::world::World;

/// Identifies a login; counts from 1.
pub(crate) type SessionId = u64;

/// What channels and tests do with a device.
pub(crate) trait Machine: Send + Sync + 'static {
    fn manners(&self) -> Manners;
    fn open(&self, login: Login) -> (SessionId, String);
    fn prompt(&self, session: SessionId) -> Prompt;
    fn screen(&self, session: SessionId) -> Screen;
    fn help(&self, session: SessionId, line: &str) -> Option<String>;
    fn interrupt(&self, session: SessionId, is_end: bool);
    fn line(&self, session: SessionId, line: &str) -> Reply;
    fn refused(&self, session: SessionId, line: &str, output: &str);
    fn reads_input(&self, command: &str) -> bool;
    fn exec(&self, session: SessionId, command: &str, input: &[u8]) -> Exit;
    fn close(&self, session: SessionId);
    fn ports(&self) -> Vec<PortView>;
    fn canonical(&self, name: &str) -> Option<String>;
    fn running(&self) -> String;
    fn is_saved(&self) -> bool;
    fn commands(&self) -> Vec<Command>;
    fn changes(&self) -> Vec<Past>;
    fn forget(&self);
    fn world(&self, change: &mut dyn FnMut(&mut World));
}

struct Inner<D: Device> {
    device: D,
    sessions: HashMap<SessionId, (Login, D::Session)>,
    record: Record,
    logins: u64,
}

/// The only owner of a device.
pub(crate) struct Shelf<D: Device>(Mutex<Inner<D>>);

impl<D: Device> Shelf<D> {
    pub(crate) fn new(device: D) -> Self {
        let mut record = Record::default();
        record.ports(0, "start", device.ports());
        let inner = Inner { device, sessions: HashMap::new(), record, logins: 0 };
        Self(Mutex::new(inner))
    }

    /// The device after everything that has happened by itself.
    fn lock(&self) -> MutexGuard<'_, Inner<D>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.device.expire(Instant::now()) {
            inner.look(0, "(timer)");
        }
        inner
    }
}

impl<D: Device> Inner<D> {
    fn look(&mut self, command: u64, cause: &str) {
        self.record.ports(command, cause, self.device.ports());
    }

    fn keep(&mut self, session: SessionId, line: &str, output: &str) {
        let user = self.sessions.get(&session).map(|(login, _)| login.user.clone());
        let user = user.unwrap_or_default();
        let number = self.record.command(session, &user, line, output);
        self.look(number, line);
    }
}

impl<D: Device> Machine for Shelf<D> {
    fn manners(&self) -> Manners {
        self.lock().device.manners()
    }

    fn open(&self, mut login: Login) -> (SessionId, String) {
        let mut inner = self.lock();
        inner.logins += 1;
        login.number = inner.logins;
        let (session, greeting) = inner.device.open(&login);
        let id = login.number;
        inner.sessions.insert(id, (login, session));
        (id, greeting)
    }

    fn prompt(&self, session: SessionId) -> Prompt {
        let inner = self.lock();
        match inner.sessions.get(&session) {
            Some((_, own)) => inner.device.prompt(own),
            None => Prompt::new(""),
        }
    }

    fn screen(&self, session: SessionId) -> Screen {
        let inner = self.lock();
        match inner.sessions.get(&session) {
            Some((_, own)) => inner.device.screen(own),
            None => Screen { length: None, width: None },
        }
    }

    fn help(&self, session: SessionId, line: &str) -> Option<String> {
        let inner = self.lock();
        let (_, own) = inner.sessions.get(&session)?;
        inner.device.help(own, line)
    }

    fn interrupt(&self, session: SessionId, is_end: bool) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        if let Some((_, own)) = inner.sessions.get_mut(&session) {
            inner.device.interrupt(own, is_end);
            inner.look(0, if is_end { "(control-Z)" } else { "(control-C)" });
        }
    }

    fn line(&self, session: SessionId, line: &str) -> Reply {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some((_, own)) = inner.sessions.get_mut(&session) else {
            return Reply::end();
        };
        let is_hidden = inner.device.prompt(own).wants == Wants::Secret;
        let reply = inner.device.line(own, line, Instant::now());
        let shown = if is_hidden { "" } else { line };
        if is_hidden || !line.trim().is_empty() {
            inner.keep(session, shown, &reply.text);
        }
        reply
    }

    fn refused(&self, session: SessionId, line: &str, output: &str) {
        self.lock().keep(session, line, output);
    }

    fn reads_input(&self, command: &str) -> bool {
        self.lock().device.reads_input(command)
    }

    fn exec(&self, session: SessionId, command: &str, input: &[u8]) -> Exit {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some((_, own)) = inner.sessions.get_mut(&session) else {
            return Exit::default();
        };
        let exit = inner.device.exec(own, command, input, Instant::now());
        inner.keep(session, command, &exit.output);
        exit
    }

    fn close(&self, session: SessionId) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        if let Some((_, own)) = inner.sessions.remove(&session) {
            inner.device.close(own);
            inner.look(0, "(logout)");
        }
    }

    fn ports(&self) -> Vec<PortView> {
        self.lock().device.ports()
    }

    fn canonical(&self, name: &str) -> Option<String> {
        self.lock().device.canonical(name)
    }

    fn running(&self) -> String {
        self.lock().device.running()
    }

    fn is_saved(&self) -> bool {
        self.lock().device.is_saved()
    }

    fn commands(&self) -> Vec<Command> {
        self.lock().record.commands()
    }

    fn changes(&self) -> Vec<Past> {
        self.lock().record.changes()
    }

    fn forget(&self) {
        self.lock().record.forget();
    }

    fn world(&self, change: &mut dyn FnMut(&mut World)) {
        let mut inner = self.lock();
        change(inner.device.world());
        inner.look(0, "(cable)");
    }
}
