//! Files of the built site, asked for in odd ways (U13).

use std::path::PathBuf;

use axum::{body::Body, http::Request};
use convene::{
    clock::SystemClock,
    notifications::email::MemoryMailer,
    state::AppState,
    store::Store,
    web::{server::router, site::Site},
};

use crate::support::{ask, config};

/// Headers, status, and how many bytes come back if any count.
type Row<'a> = (&'a [(&'a str, &'a str)], u16, usize);

/// A site of one file, in a folder that goes with it.
struct Built(PathBuf);

impl Built {
    fn new(text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("convene-site-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(folder.join("pkg")).expect("a temporary folder");
        std::fs::write(folder.join("pkg/convene.css"), text).expect("a file");
        Self(folder)
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // Left behind at worst: it is a temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn odd_ranges_and_conditions() {
    let built = Built::new(&"0123456789".repeat(100));
    let config = std::sync::Arc::new(config(&[]));
    let store = Store::open("sqlite::memory:").await.expect("a database in memory opens");
    store.migrate().await.expect("it can be migrated");
    let mailer = std::sync::Arc::new(MemoryMailer::new(config.mail.from.clone()));
    let site = Site::named(&*built.0, None);
    let app = router(AppState::wire(store, config, std::sync::Arc::new(SystemClock), mailer, site));

    let later = "Fri, 01 Jan 2100 00:00:00 GMT";
    let earlier = "Thu, 01 Jan 1970 00:00:01 GMT";
    let digits = "9".repeat(400);
    let rows: &[Row<'_>] = &[
        (&[], 200, 1000),
        (&[("range", "bytes=0-9")], 206, 10),
        (&[("range", "bytes=990-")], 206, 10),
        (&[("range", "bytes=-10")], 206, 10),
        (&[("range", "bytes=0-99999")], 206, 1000),
        (&[("range", "bytes=1000-")], 416, 0),
        (&[("range", "bytes=9-0")], 416, 0),
        (&[("range", "bytes=5000-6000")], 416, 0),
        (&[("if-modified-since", later)], 304, 0),
        (&[("if-modified-since", earlier)], 200, 1000),
        (&[("if-modified-since", "yesterday")], 200, 1000),
        (&[("if-none-match", "\"\"")], 200, 1000),
        (&[("if-none-match", "W/\"x\", garbage")], 200, 1000),
        (&[("if-unmodified-since", earlier)], 412, 0),
        (&[("if-unmodified-since", "never")], 200, 1000),
        (&[("range", "bytes=0-9"), ("if-modified-since", later)], 304, 0),
    ];
    for (headers, status, length) in rows {
        let mut request = Request::get("/pkg/convene.css");
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let answer = ask(&app, request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), *status, "U13 {headers:?}");
        if *length > 0 {
            assert_eq!(answer.body.len(), *length, "U13 {headers:?}");
        }
    }
    // Not understood: the whole file (RFC 9110 section 14.2 lets a server ignore it) or 416, and nothing falls over.
    let odd = [
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-1,3-4,6-7",
        "bytes=-0",
        "lines=1-2",
        "bytes=0x10-0x20",
        "bytes=1-2-3",
        &format!("bytes=0-{digits}"),
        &format!("bytes={digits}-"),
        &format!("bytes=-{digits}"),
        &"bytes=0-0,".repeat(500),
    ];
    for range in odd {
        let request = Request::get("/pkg/convene.css").header("range", range).body(Body::empty());
        let answer = ask(&app, request.expect("a request")).await;
        assert!(matches!(answer.status.as_u16(), 200 | 206 | 416), "U13 {range:.40}: {}", answer.status);
    }
}
