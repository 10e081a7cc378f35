//! What is logged in this process.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use convene::web::observe::tame;
use tracing_subscriber::util::SubscriberInitExt;

/// What was logged so far, by everybody.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// From now on everything is written down that the program would ever log, with the lines of all libraries.
    pub fn start() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let start = || {
            let log = Self::default();
            let writer = log.clone();
            tracing_subscriber::fmt()
                .with_env_filter(tame("trace".parse().expect("a filter")))
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .finish()
                .init();
            log
        };
        LOG.get_or_init(start).clone()
    }

    pub fn read(&self) -> Vec<u8> {
        self.0.lock().expect("not poisoned").clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
