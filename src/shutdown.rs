//! Being told to stop: SIGTERM or Ctrl-C, heard once and passed on to everything that runs.

use tokio::sync::watch;

/// Cheap to clone; all clones hear the same.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// The other end, for tests and for whoever stops the process.
pub struct Stop(watch::Sender<bool>);

impl Stop {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// One that begins when [`Stop::stop`] is called.
    pub fn by_hand() -> (Stop, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stop(sender), Self(receiver))
    }

    /// One that begins at SIGTERM or Ctrl-C. A second signal ends the process at once.
    pub fn on_signal() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (stop, shutdown) = Self::by_hand();
        tokio::spawn(async move {
            let mut told = false;
            loop {
                tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
                if told {
                    std::process::exit(130);
                }
                told = true;
                tracing::info!("stopping");
                stop.stop();
            }
        });
        Ok(shutdown)
    }

    /// The channel itself, `true` once stopping has begun.
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }

    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once stopping has begun.
    pub async fn begun(&self) {
        // An error means that the other end is gone, and with it whoever kept us running.
        drop(self.0.clone().wait_for(|begun| *begun).await);
    }
}
