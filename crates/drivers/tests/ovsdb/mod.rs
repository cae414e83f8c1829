mod calls;
mod changes;
mod faults;
mod fence;
mod frames;
mod hostile;
mod lags;
mod server;
mod switches;
mod tls;

use std::time::Duration;

use tokio::time::Instant;

/// A deadline that only a failing test reaches.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn within(time: Duration) -> Instant {
    Instant::now() + time
}
