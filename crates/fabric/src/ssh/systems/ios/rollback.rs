//! `configure terminal revert timer`: changes that are taken back unless they are confirmed.

use std::time::Duration;

use tokio::time::Instant;

use super::super::chassis::Config;
use super::commands::Act;
use super::{Ios, Mode, Session};
use crate::ssh::device::Reply;

/// The one change that waits to be confirmed.
pub(super) struct Rollback {
    before: Box<Config>,
    due: Instant,
    minutes: u32,
    user: String,
}

impl Ios {
    pub(super) fn timed(
        &mut self,
        session: &mut Session,
        act: Act,
        minutes: u32,
        now: Instant,
    ) -> Reply {
        match (act, self.rollback.take()) {
            (Act::ConfigureTimed, pending) => {
                if !self.running.features.iter().any(|line| line.starts_with("archive path ")) {
                    return Reply::text(
                        "%Turn config archive on before using Rollback Confirmed Change",
                    );
                }
                if pending.is_some() {
                    self.rollback = pending;
                    return Reply::text("%Another Rollback Confirmed Change is already pending");
                }
                self.rollback = Some(Rollback {
                    before: Box::new(self.running.clone()),
                    due: now + Duration::from_secs(u64::from(minutes) * 60),
                    minutes,
                    user: session.user.clone(),
                });
                session.mode = Mode::Global;
                Reply::text(format!(
                    "Rollback Confirmed Change: Backing up current running config to flash:archive-1\n\n\
                     Enter configuration commands, one per line.  End with CNTL/Z.\n\
                     Rollback Confirmed Change: Rollback will begin in {minutes} minutes.\n\
                     Enter \"configure confirm\" if you wish to keep what you've configured"
                ))
            }
            (_, None) => Reply::text("%No Rollback Confirmed Change pending"),
            (Act::RevertNow, Some(pending)) => {
                self.running = *pending.before;
                Reply::text(
                    "Rollback Confirmed Change: rolling to:flash:archive-1\n\nTotal number of passes: 1\nRollback Done",
                )
            }
            (_, Some(_)) => Reply::silent(),
        }
    }

    pub(super) fn expire_rollback(&mut self, now: Instant) -> bool {
        if self.rollback.as_ref().is_none_or(|pending| pending.due > now) {
            return false;
        }
        if let Some(pending) = self.rollback.take() {
            self.running = *pending.before;
        }
        true
    }

    pub(super) fn show_rollback(&self, now: Instant) -> String {
        let Some(pending) = &self.rollback else {
            return "%No Rollback Confirmed Change pending\n".to_owned();
        };
        let left = pending.due.saturating_duration_since(now).as_secs();
        format!(
            "Time configured(minutes): {}\nTimer type: absolute timer\nTimer value: {left}\nUser: {}\n",
            pending.minutes, pending.user
        )
    }
}
