//! Where an interview's event goes, and who invites to it.

use crate::{
    connections,
    events::{Host, Organizer},
    people::{Person, preferences},
    state::AppState,
    store::{
        StoreError, Txn,
        words::{EventKind, Inviter},
    },
};

/// The calendar of the coordinator's choice, or none where they want no interviews in it. The account on it is the organizer if that one invites; else our own mail does.
pub(super) async fn by(txn: &Txn, state: &AppState, coordinator: &Person) -> Result<Host, StoreError> {
    let (org, id) = (coordinator.org, coordinator.id);
    let wanted = preferences::preference(&**txn, org, id, EventKind::Interview).await?;
    let target = if wanted.is_synced { connections::hold_write_target(txn, org, id).await? } else { None };
    let inviting = target.as_ref().map(|(connection, _)| connection).filter(|connection| connection.provider.invites());
    let account = inviting.map(|connection| &connection.account_email).filter(|email| !email.is_empty());
    let from = &state.config.mail.from.address;
    Ok(Host {
        inviter: if inviting.is_some() { Inviter::Provider } else { Inviter::Mail },
        organizer: Organizer {
            email: account.cloned().unwrap_or_else(|| from.to_string()),
            name: coordinator.name.clone(),
        },
        kept_off: !wanted.is_synced,
        target: target.map(|(connection, calendar)| (connection.id, calendar)),
        uid_domain: from.domain().to_owned(),
    })
}
