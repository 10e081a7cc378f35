//! The ways signing in can fail, each with a status, a stable code and a sentence.

use crate::{
    calendars::{Provider, endpoints::Tenant, identity::IdentityError, oauth::OAuthError},
    connections::connect::ConnectError,
    error::WayOn,
    secrets::OpenError,
    store::StoreError,
};

use super::{
    attempts::AttemptError,
    callback::{NotAnAnswer, Refusal},
};

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("This way to sign in is not set up here.")]
    ProviderUnknown,
    #[error("Access was not granted. Nothing was changed.")]
    Denied(Provider),
    #[error("An administrator of your organisation has to allow Convene at {} first. Nothing was changed.", name(*.0))]
    AdminConsent(Provider),
    #[error("{} wants you to sign in again. Nothing was changed.", name(*.0))]
    Interaction(Provider),
    #[error("{} ended the sign-in. Nothing was changed.", name(*.0))]
    Refused(Provider),
    #[error("{} could not be reached. Nothing was changed.", name(*.0))]
    ProviderDown(Provider),
    /// No attempt of this browser has this state: never made, used, over, or another browser's.
    #[error("The sign-in could not be matched to this browser. Start again.")]
    State { signed_in: bool },
    #[error("The answer of the sign-in page could not be read.")]
    Response,
    #[error("The answer came from somebody else than the provider you chose.")]
    Issuer,
    #[error("{} did not complete the sign-in. Try again.", name(*.0))]
    Exchange(Provider),
    #[error("{} sent a sign-in that could not be verified. No account was made.", name(*.0))]
    Token(Provider),
    #[error("{} may sign in here.", allowed(*.0))]
    TenantNotAllowed(Tenant),
    #[error("{}", mismatch(.chosen, .wanted))]
    AccountMismatch { provider: Provider, chosen: String, wanted: String },
    /// By the policy of their organisation.
    #[error("Your organisation wants one calendar of each person, and {} is connected.", .connected.label())]
    OneCalendar { wanted: Provider, connected: Provider },
    /// By the policy of their organisation.
    #[error("Your organisation does not connect calendars of {}.", name(*.0))]
    CalendarNotAllowed(Provider),
    #[error("{} did not grant lasting access, so the calendar would stop working within the hour.", name(*.0))]
    OfflineMissing(Provider),
    #[error("Nobody can sign up here by themselves.")]
    SignUpClosed,
    #[error("Your account here was switched off.")]
    Disabled,
    /// By the policy of their organisation.
    #[error("Your organisation does not sign in with {}.", name(*.0))]
    ProviderNotAllowed(Provider),
    /// The invitation was accepted, withdrawn or over when the provider's answer came.
    #[error("This invitation no longer works. Nothing was changed.")]
    InvitationSpent,
    /// An invitation never changes an account that is there.
    #[error("The account you chose is somebody's here already. Nothing was changed.")]
    AccountInUse,
    #[error(transparent)]
    Sealed(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// HTTP status. A person who says no did nothing wrong: 200.
    pub fn status(&self) -> u16 {
        match self {
            Self::Denied(_) => 200,
            Self::State { .. } | Self::Response | Self::Issuer => 400,
            Self::AdminConsent(_) | Self::Interaction(_) | Self::Refused(_) => 400,
            Self::Token(_) => 401,
            Self::TenantNotAllowed(_) | Self::SignUpClosed | Self::Disabled => 403,
            Self::ProviderNotAllowed(_) | Self::CalendarNotAllowed(_) => 403,
            Self::ProviderUnknown => 404,
            Self::AccountMismatch { .. } | Self::OneCalendar { .. } | Self::OfflineMissing(_) | Self::AccountInUse => {
                409
            }
            Self::InvitationSpent => 410,
            Self::Sealed(_) | Self::Store(_) => 500,
            Self::Exchange(_) | Self::ProviderDown(_) => 502,
        }
    }

    /// Stable; programs and tests go by it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ProviderUnknown => "provider_unknown",
            Self::Denied(_) => "access_denied",
            Self::AdminConsent(_) => "admin_consent_required",
            Self::Interaction(_) => "interaction_required",
            Self::Refused(_) => "oauth_refused",
            Self::ProviderDown(_) => "provider_unavailable",
            Self::State { .. } => "oauth_state",
            Self::Response => "oauth_response",
            Self::Issuer => "oauth_issuer",
            Self::Exchange(_) => "oauth_exchange",
            Self::Token(_) => "oauth_token",
            Self::TenantNotAllowed(_) => "tenant_not_allowed",
            Self::AccountMismatch { .. } => "account_mismatch",
            Self::OneCalendar { .. } => "one_calendar",
            Self::CalendarNotAllowed(_) => "calendar_not_allowed",
            Self::OfflineMissing(_) => "offline_access_missing",
            Self::SignUpClosed => "sign_up_closed",
            Self::Disabled => "person_disabled",
            Self::ProviderNotAllowed(_) => "provider_not_allowed",
            Self::InvitationSpent => "invitation_used",
            Self::AccountInUse => "account_in_use",
            Self::Sealed(_) | Self::Store(_) => "internal",
        }
    }

    /// Whether the provider, or the person at the provider's page, ended it.
    pub fn is_of_the_provider(&self) -> bool {
        matches!(
            self,
            Self::Denied(_)
                | Self::AdminConsent(_)
                | Self::Interaction(_)
                | Self::Refused(_)
                | Self::ProviderDown(_)
                | Self::Exchange(_)
                | Self::OfflineMissing(_)
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ProviderUnknown => "Choose another way to sign in.",
            Self::Denied(_) => "Sign in again and allow access to go on, or leave things as they are.",
            Self::AdminConsent(_) => "Ask your administrator to approve it, or use a personal account.",
            Self::Interaction(_) | Self::Refused(_) => "Sign in again.",
            Self::ProviderDown(_) => "Try again in a minute.",
            Self::State { signed_in: true } => "You are signed in already: continue to your dashboard.",
            Self::State { signed_in: false } => {
                "Go back to the sign-in page. An attempt lasts ten minutes and works once, in the browser it was begun in."
            }
            Self::Response | Self::Issuer | Self::Exchange(_) | Self::Token(_) => {
                "Go back to the sign-in page and try again."
            }
            Self::TenantNotAllowed(_) => "Sign in again and choose such an account.",
            Self::AccountMismatch { .. } => "Start again and choose the account that is connected.",
            Self::OneCalendar { .. } => "Switch in the settings, or leave things as they are.",
            Self::OfflineMissing(Provider::Google) => {
                "Remove Convene at myaccount.google.com/permissions, then sign in again and allow access."
            }
            Self::OfflineMissing(Provider::Microsoft | Provider::Apple) => {
                "Remove Convene at myapps.microsoft.com or account.live.com/consent/Manage, then sign in again."
            }
            Self::SignUpClosed => "Ask an administrator of this Convene to invite you.",
            Self::Disabled => "Ask an administrator of your organisation.",
            Self::ProviderNotAllowed(_) => {
                "Sign in with the other provider, or ask an administrator of your organisation."
            }
            Self::CalendarNotAllowed(_) => "Connect another one, or ask an administrator of your organisation.",
            Self::InvitationSpent => "If you accepted it before, sign in. Else ask whoever invited you for a new one.",
            Self::AccountInUse => {
                "Open the invitation again and choose another account, or give times instead. If the account is yours, sign in with it."
            }
            Self::Sealed(_) | Self::Store(_) => "Try again.",
        }
    }

    /// Where its page leads on.
    pub fn way_on(&self) -> WayOn {
        match self {
            // Whoever has a calendar to mistake for another is signed in.
            Self::State { signed_in: true } => WayOn::Dashboard,
            Self::AccountMismatch { .. } | Self::OneCalendar { .. } | Self::CalendarNotAllowed(_) => WayOn::Settings,
            _ => WayOn::SignIn,
        }
    }

    pub(super) fn from_provider(provider: Provider, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied => Self::Denied(provider),
            Refusal::AdminConsent => Self::AdminConsent(provider),
            Refusal::Interaction => Self::Interaction(provider),
            Refusal::Unavailable => Self::ProviderDown(provider),
            Refusal::Other => Self::Refused(provider),
        }
    }

    pub(super) fn of_exchange(provider: Provider, error: &OAuthError) -> Self {
        match error {
            OAuthError::Denied => Self::Denied(provider),
            OAuthError::AdminApproval => Self::AdminConsent(provider),
            OAuthError::ProviderDown(_) => Self::ProviderDown(provider),
            OAuthError::InvalidGrant | OAuthError::BadResponse(_) => Self::Exchange(provider),
            OAuthError::ClientMisconfigured(_) => {
                tracing::error!(%provider, %error, "nobody can sign in");
                Self::Exchange(provider)
            }
        }
    }

    pub(super) fn of_identity(provider: Provider, error: &IdentityError) -> Self {
        match error {
            IdentityError::TenantNotAllowed(tenant) => Self::TenantNotAllowed(*tenant),
            IdentityError::KeysUnavailable(_) => Self::ProviderDown(provider),
            error => {
                tracing::warn!(%provider, %error, "an id token was refused");
                Self::Token(provider)
            }
        }
    }

    pub(super) fn of_connect(provider: Provider, error: ConnectError) -> Self {
        match error {
            ConnectError::OfflineMissing => Self::OfflineMissing(provider),
            ConnectError::NotAllowed => Self::CalendarNotAllowed(provider),
            ConnectError::Store(error) => Self::Store(error),
        }
    }
}

impl From<AttemptError> for SignInError {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Store(error) => Self::Store(error),
            AttemptError::Sealed(error) => Self::Sealed(error),
        }
    }
}

impl From<NotAnAnswer> for SignInError {
    fn from(NotAnAnswer: NotAnAnswer) -> Self {
        Self::Response
    }
}

/// Whom one signs in with.
fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google",
        Provider::Microsoft => "Microsoft",
        Provider::Apple => "Apple",
    }
}

/// Which Microsoft accounts may sign in.
fn allowed(tenant: Tenant) -> &'static str {
    match tenant {
        // Every account may; the sentence is never needed.
        Tenant::Common => "Only Microsoft accounts",
        Tenant::Organizations => "Only Microsoft accounts of a company or school, no personal ones,",
        Tenant::Consumers => "Only personal Microsoft accounts (Outlook.com, Hotmail), none of a company or school,",
        Tenant::One(_) => "Only Microsoft accounts of the company that runs this Convene",
    }
}

fn mismatch(chosen: &str, wanted: &str) -> String {
    let or = |text: &str| if text.is_empty() { "another account".to_owned() } else { text.to_owned() };
    format!("You chose {}; this calendar belongs to {}.", or(chosen), or(wanted))
}
