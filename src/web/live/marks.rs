//! What can be followed, and what of it makes a page another one.

use sea_orm::{Statement, Value};

use crate::{
    ids::{OrgId, RequestId, sha256},
    outbox::depths::{Phase, depths},
    state::AppState,
    store::{StoreError, texts},
};

/// What a page follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// How an organisation's calendars are kept in step.
    Sync(OrgId),
    /// One request, its booking, and where that stands on calendars.
    Request(OrgId, RequestId),
}

/// What the page of a request shows of its rows. One text a row; what none of them has, has no row.
const OF_REQUEST: &str = "
    SELECT 'request ' || status || ' ' || COALESCE(CAST(link_sent_at AS TEXT), '') || ' ' || COALESCE(CAST(link_opened_at AS TEXT), '') AS value
    FROM requests WHERE org_id = $1 AND id = $2
    UNION ALL
    SELECT 'booking ' || status || ' ' || CAST(starts_at AS TEXT) || ' ' || CAST(ends_at AS TEXT)
    FROM bookings WHERE org_id = $1 AND request_id = $2
    UNION ALL
    SELECT 'change ' || c.kind || ' ' || CAST(c.at AS TEXT)
    FROM booking_changes c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
    WHERE c.org_id = $1 AND b.request_id = $2
    UNION ALL
    SELECT 'event ' || e.status || ' ' || CAST(e.revision AS TEXT)
    FROM events e JOIN bookings b ON b.org_id = e.org_id AND b.id = e.booking_id
    WHERE e.org_id = $1 AND b.request_id = $2
    UNION ALL
    SELECT 'placement ' || CAST(p.placed_revision AS TEXT) || ' ' || p.join_url || ' ' || p.last_error || ' ' ||
           COALESCE(CAST(p.removed_at AS TEXT), '') || ' ' || COALESCE(CAST(p.last_synced_at AS TEXT), '')
    FROM placements p
    JOIN events e ON e.org_id = p.org_id AND e.id = p.event_id
    JOIN bookings b ON b.org_id = e.org_id AND b.id = e.booking_id
    WHERE p.org_id = $1 AND b.request_id = $2
    ORDER BY 1";

/// What the page of the organisation's calendars shows beside the queue. Not when each was read last: that is a matter of minutes.
const OF_SYNC: &str = "
    SELECT 'connection ' || provider || ' ' || status || ' ' || last_error AS value FROM connections WHERE org_id = $1
    UNION ALL
    SELECT 'pause ' || CAST(paused_until AS TEXT) FROM busy_turns WHERE org_id = $1 AND paused_until IS NOT NULL
    UNION ALL
    SELECT 'alert ' || reason || ' ' || CAST(raised_at AS TEXT) FROM sync_alerts WHERE org_id = $1 AND raised_at IS NOT NULL
    UNION ALL
    SELECT 'dead ' || kind || ' ' || last_error || ' ' || COALESCE(CAST(finished_at AS TEXT), '')
    FROM jobs WHERE org_id = $1 AND status = 'dead'
    ORDER BY 1";

impl Topic {
    /// Whether its page grows old by itself, whatever is written: it says how long things wait.
    pub(super) fn ages(self) -> bool {
        matches!(self, Self::Sync(_))
    }

    /// A short text that is another one when the page would show something else. A page takes it before it reads what it shows.
    ///
    /// # Errors
    /// The database's.
    pub async fn mark(self, state: &AppState) -> Result<String, StoreError> {
        let db = state.store.reader();
        let rows = |sql: &'static str, values: Vec<Value>| async move {
            texts(db, Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await
        };
        let lines = match self {
            Self::Request(org, id) => rows(OF_REQUEST, vec![org.into(), id.into()]).await?,
            Self::Sync(org) => {
                let mut lines = rows(OF_SYNC, vec![org.into()]).await?;
                for depth in depths(db, Some(org)).await? {
                    // What runs now is over in a moment; minutes tell how much waits.
                    if depth.phase != Phase::Running {
                        lines.push(format!("{} {} {}", depth.kind, depth.phase.as_str(), depth.count));
                    }
                }
                lines.push((state.clock.now().timestamp() / 60).to_string());
                lines
            }
        };
        let hash = sha256(lines.join("\n").as_bytes());
        Ok(hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}
