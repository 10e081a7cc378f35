//! What a page keeps of the database is never older than the database, whoever wrote to it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use convene::store::{Store, StoreError};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use tokio::task::JoinSet;

use crate::story::{stories, twin};

/// The name of the one organisation that is counted in, as a page would keep it.
async fn name(store: &Store) -> Result<String, StoreError> {
    let statement =
        Statement::from_string(store.backend(), "SELECT name FROM organisations ORDER BY created_at LIMIT 1");
    let row = store.reader().query_one_raw(statement).await?;
    Ok(row.ok_or_else(|| DbErr::RecordNotFound("organisation".to_owned()))?.try_get_by_index(0)?)
}

/// The name, and how often it was really read so far.
struct Page {
    store: Store,
    reads: AtomicUsize,
}

impl Page {
    fn of(store: &Store) -> Self {
        Self { store: store.clone(), reads: AtomicUsize::new(0) }
    }

    async fn shows(&self) -> String {
        let read = async {
            self.reads.fetch_add(1, Ordering::SeqCst);
            name(&self.store).await
        };
        self.store.unchanged(b"name", read).await.expect("the store answers").to_string()
    }
}

async fn rename(store: &Store, name: &str) {
    let txn = store.begin().await.expect("a write begins");
    txn.execute_unprepared(&format!("UPDATE organisations SET name = '{name}'")).await.expect("renamed");
    txn.commit().await.expect("written");
}

stories! {
    async fn what_was_read_is_kept_until_somebody_writes(app) {
        let page = Page::of(app.store());
        rename(app.store(), "one").await;
        // On a shared server the writes of others count as changes too: sooner or later there is a moment without any.
        let mut reads = [0, 0];
        for _ in 0..1000 {
            assert_eq!(page.shows().await, "one");
            reads = [reads[1], page.reads.load(Ordering::SeqCst)];
            if reads[0] == reads[1] {
                break;
            }
        }
        assert_eq!(reads[0], reads[1], "nothing was ever kept");
        rename(app.store(), "two").await;
        assert_eq!(page.shows().await, "two", "written by this process");
        let twin = twin(&app.home).await;
        rename(&twin, "three").await;
        assert_eq!(page.shows().await, "three", "written by another process");
    }

    async fn a_write_under_way_is_not_seen_and_then_is(app) {
        let page = Page::of(app.store());
        rename(app.store(), "before").await;
        let txn = app.store().begin().await.expect("a write begins");
        txn.execute_unprepared("UPDATE organisations SET name = 'after'").await.expect("renamed");
        // Kept while the write is open: its end must count as a change of its own.
        assert_eq!(page.shows().await, "before");
        txn.commit().await.expect("written");
        assert_eq!(page.shows().await, "after");
        let txn = app.store().begin().await.expect("a write begins");
        txn.execute_unprepared("UPDATE organisations SET name = 'never'").await.expect("renamed");
        drop(txn);
        assert_eq!(page.shows().await, "after");
    }

    async fn nobody_sees_less_than_was_written_before_they_asked(app) {
        const LAST: i64 = 150;
        rename(app.store(), "0").await;
        let written = Arc::new(AtomicI64::new(0));
        let page = Arc::new(Page::of(app.store()));
        let mut readers = JoinSet::new();
        for _ in 0..6 {
            let (page, written) = (page.clone(), written.clone());
            readers.spawn(async move {
                let mut asked = 0;
                loop {
                    let before = written.load(Ordering::SeqCst);
                    let seen: i64 = page.shows().await.parse().expect("a number");
                    assert!(seen >= before, "{seen} was shown after {before} was written");
                    asked += 1;
                    if before == LAST {
                        return asked;
                    }
                }
            });
        }
        let twin = twin(&app.home).await;
        for number in 1..=LAST {
            rename(if number % 2 == 0 { &twin } else { app.store() }, &number.to_string()).await;
            written.store(number, Ordering::SeqCst);
            // Time for pages to be shown between two writes, so that some of them are kept.
            tokio::task::yield_now().await;
        }
        let asked: usize = readers.join_all().await.into_iter().sum();
        assert!(page.reads.load(Ordering::SeqCst) <= asked);
    }
}
