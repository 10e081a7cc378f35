//! What administrators have allowed an application for everybody of their organisation.

use std::collections::{BTreeMap, BTreeSet};

/// All of it, at both providers. Nothing is allowed in a fresh world.
#[derive(Clone, Debug, Default)]
pub struct Organisations {
    /// Microsoft: the application permissions in a tenant's consent, by tenant id. A tenant that has consented to delegated
    /// permissions only has an empty set; one that has not consented at all is absent.
    pub consents: BTreeMap<String, BTreeSet<String>>,
    /// Microsoft: lower-case addresses of the mailboxes that an application access policy shuts out.
    pub shut_out: BTreeSet<String>,
    /// Google: the scopes with which the service account may act for people of a Workspace, by domain.
    pub delegations: BTreeMap<String, BTreeSet<String>>,
}

impl Organisations {
    /// Whether the access policy keeps applications out of this mailbox.
    pub fn shuts_out(&self, email: &str) -> bool {
        self.shut_out.contains(&email.to_ascii_lowercase())
    }

    /// Whether this Workspace lets the service account act for its people with every one of these scopes.
    pub fn delegates(&self, domain: &str, scopes: &[String]) -> bool {
        self.delegations.get(domain).is_some_and(|allowed| scopes.iter().all(|scope| allowed.contains(scope)))
    }
}
