//! When a call is made again by itself.
//!
//! The question is never whether it would help but whether it is safe: a change whose answer was
//! lost may have been carried out, and somebody else may have changed the port since.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::CallError;
use crate::{
    error::{Class, LegOutcome},
    method::Method,
};

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);
/// What has to be left of the service's time for a repetition to make sense.
const ENOUGH: Duration = Duration::from_millis(100);

/// Whether nothing can have been changed by a call that ended like this.
pub(super) fn is_safe(method: Method, error: &CallError) -> bool {
    match error {
        CallError::Transport { sent, .. } => !sent || !method.changes(),
        // Said before a call is looked at: by the service, and by proxies that reach no service.
        CallError::Http { status, .. } => *status == 503,
        CallError::Rpc(error) => error.data.as_ref().is_some_and(|data| {
            data.class == Class::Busy
                && data.links.iter().all(|leg| leg.outcome == LegOutcome::Untouched)
        }),
        CallError::Address { .. }
        | CallError::Credentials { .. }
        | CallError::Certificate { .. }
        | CallError::TimedOut { .. }
        | CallError::Malformed { .. } => false,
    }
}

/// Waits before a repetition, `done` of which were made, and says how much time the service has
/// left then; at once nothing when that would be too little.
pub(super) async fn pause(done: u32, until: Instant) -> Option<Duration> {
    let whole = FIRST.saturating_mul(2_u32.saturating_pow(done)).min(LONGEST);
    // Between half and all of it, so that callers that failed together do not return together.
    let end = Instant::now() + whole.mul_f64(rand::random_range(0.5..1.0));
    if end + ENOUGH > until {
        return None;
    }
    // It ends by its deadline alone.
    let _ = timeout_at(end, std::future::pending::<()>()).await;
    let left = until.saturating_duration_since(Instant::now());
    (left >= ENOUGH).then_some(left)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::error::{LegReport, RpcError};

    fn transport(sent: bool) -> CallError {
        CallError::Transport { address: String::new(), sent, reason: String::new() }
    }

    fn http(status: u16) -> CallError {
        CallError::Http { address: String::new(), status, detail: String::new() }
    }

    fn rpc(class: Class, outcome: Option<LegOutcome>) -> CallError {
        let mut error = RpcError::new(class, "");
        if let (Some(data), Some(outcome)) = (&mut error.data, outcome) {
            data.links.push(LegReport {
                switch: "leaf-01".parse().unwrap(),
                port: None,
                outcome,
                observed: None,
                lag: None,
                last_known: None,
                error: None,
            });
        }
        error.into()
    }

    #[rstest]
    #[case(transport(false), true, true)]
    #[case(transport(true), true, false)]
    #[case(http(503), true, true)]
    #[case(http(502), false, false)]
    #[case(http(504), false, false)]
    #[case(http(429), false, false)]
    #[case(http(401), false, false)]
    #[case(rpc(Class::Busy, None), true, true)]
    #[case(rpc(Class::Busy, Some(LegOutcome::Untouched)), true, true)]
    #[case(rpc(Class::Busy, Some(LegOutcome::Unknown)), false, false)]
    #[case(rpc(Class::Unreachable, None), false, false)]
    #[case(rpc(Class::TimedOut, None), false, false)]
    #[case(CallError::TimedOut { address: String::new(), after: FIRST }, false, false)]
    fn what_is_made_again(#[case] error: CallError, #[case] read: bool, #[case] change: bool) {
        for method in Method::ALL {
            let want = if method.changes() { change } else { read };
            assert_eq!(is_safe(method, &error), want, "{method}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_stay_within_the_time() {
        let until = Instant::now() + Duration::from_secs(20);
        for done in 0..40 {
            let before = Instant::now();
            let whole = FIRST.saturating_mul(2_u32.saturating_pow(done)).min(LONGEST);
            let Some(left) = pause(done, until).await else {
                assert!(until - before < whole + ENOUGH && before.elapsed().is_zero());
                return;
            };
            let took = before.elapsed();
            assert!(took >= whole / 2 && took <= whole + Duration::from_millis(1), "{took:?}");
            assert_eq!(left, until - Instant::now());
        }
        panic!("it never ends");
    }
}
