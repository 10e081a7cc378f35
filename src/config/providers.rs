//! The calendar providers people sign in with.

use url::Url;

use super::{Caldav, Reader, web::parse_base_url};
use crate::{
    calendars::endpoints::{BadTenant, Tenant},
    secrets::Secret,
    store::words::Provider,
};

/// Which providers are set up, and which of them may be signed in with.
#[derive(Clone)]
pub struct Providers {
    pub google: Option<Google>,
    pub microsoft: Option<Microsoft>,
    /// iCloud and other CalDAV servers; a calendar can be connected there, and nobody signs in with it.
    pub caldav: Option<Caldav>,
    /// In the order the buttons stand on the sign-in page.
    pub sign_in: Vec<Provider>,
}

#[derive(Clone)]
pub struct Google {
    pub client_id: String,
    pub client_secret: Secret,
    /// A stand-in for Google's hosts, in demos and tests.
    pub base_url: Option<Url>,
}

#[derive(Clone)]
pub struct Microsoft {
    pub client_id: String,
    pub client_secret: Secret,
    /// Whose accounts may sign in.
    pub tenant: Tenant,
    /// A stand-in for Microsoft's hosts, in demos and tests.
    pub base_url: Option<Url>,
}

impl Providers {
    /// The origins a sign-in form may be redirected to, for `form-action`.
    pub fn authorization_origins(&self) -> Vec<String> {
        let origin = |stand_in: &Option<Url>, own: &str| {
            stand_in.as_ref().map_or_else(|| own.to_owned(), |url| url.origin().ascii_serialization())
        };
        let google = self.google.iter().map(|google| origin(&google.base_url, "https://accounts.google.com"));
        let microsoft = self.microsoft.iter().map(|ms| origin(&ms.base_url, "https://login.microsoftonline.com"));
        google.chain(microsoft).collect()
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let google = client(reader, "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET");
        let google_base = stand_in(reader, "GOOGLE_BASE_URL");
        let microsoft = client(reader, "MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET");
        let tenant = reader.parsed("MICROSOFT_TENANT_ID", "common", |text| {
            text.to_ascii_lowercase().parse().map_err(|error: BadTenant| error.to_string())
        });
        let microsoft_base = stand_in(reader, "MICROSOFT_BASE_URL");
        let caldav = Caldav::read(reader);

        let google = google?.map(|(client_id, client_secret)| (client_id, client_secret, google_base));
        let google = match google {
            Some((client_id, client_secret, base_url)) => {
                Some(Google { client_id, client_secret, base_url: base_url? })
            }
            None => None,
        };
        let microsoft = match microsoft? {
            Some((client_id, client_secret)) => {
                Some(Microsoft { client_id, client_secret, tenant: tenant?, base_url: microsoft_base? })
            }
            None => None,
        };
        let sign_in = sign_in(reader, google.is_some(), microsoft.is_some());
        Some(Self { google, microsoft, caldav: caldav?, sign_in: sign_in? })
    }
}

/// Both halves of an OAuth client, or neither. The outer `None` is a problem noted.
#[allow(clippy::option_option, reason = "wrong, absent and present are three things")]
fn client(reader: &mut Reader<'_>, id: &'static str, secret: &'static str) -> Option<Option<(String, Secret)>> {
    match (reader.value(id), reader.value(secret)) {
        (Some(client_id), Some(client_secret)) => {
            reader.fine(id, client_id.clone());
            reader.fine(secret, "set");
            Some(Some((client_id, Secret::new(client_secret))))
        }
        (None, None) => {
            reader.fine(id, "not set; this provider is off");
            reader.fine(secret, "not set; this provider is off");
            Some(None)
        }
        (Some(_), None) => {
            reader.wrong(secret, format!("is not set although {id} is; set both or neither"));
            None
        }
        (None, Some(_)) => {
            reader.wrong(id, format!("is not set although {secret} is; set both or neither"));
            None
        }
    }
}

#[allow(clippy::option_option, reason = "wrong, absent and present are three things")]
pub(super) fn stand_in(reader: &mut Reader<'_>, setting: &'static str) -> Option<Option<Url>> {
    let Some(value) = reader.value(setting) else {
        reader.fine(setting, "the provider's own hosts (default)");
        return Some(None);
    };
    match parse_base_url(&value) {
        Ok(url) => {
            reader.fine(setting, url.origin().ascii_serialization());
            Some(Some(url))
        }
        Err(sentence) => {
            reader.wrong(setting, format!("{sentence}; leave it out to use the provider itself"));
            None
        }
    }
}

fn sign_in(reader: &mut Reader<'_>, google: bool, microsoft: bool) -> Option<Vec<Provider>> {
    let setting = "SIGN_IN_PROVIDERS";
    let is_set_up = |provider: Provider| match provider {
        Provider::Google => google,
        Provider::Microsoft => microsoft,
        Provider::Apple => false,
    };
    let Some(value) = reader.value(setting) else {
        let all: Vec<_> = [Provider::Google, Provider::Microsoft].into_iter().filter(|p| is_set_up(*p)).collect();
        if all.is_empty() {
            reader.wrong(
                setting,
                "has nobody to name: no provider is set up, so nobody could sign in; set GOOGLE_CLIENT_ID and \
                 GOOGLE_CLIENT_SECRET, or MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET",
            );
            return None;
        }
        let names: Vec<_> = all.iter().map(|provider| provider.as_str()).collect();
        reader.fine(setting, format!("{} (default)", names.join(",")));
        return Some(all);
    };
    let mut chosen = Vec::new();
    for name in value.split(',').map(str::trim) {
        let provider = match name {
            "google" => Provider::Google,
            "microsoft" | "outlook" => Provider::Microsoft,
            _ => {
                reader.wrong(setting, format!("{name:?} is not a sign-in provider; use google, microsoft or both"));
                return None;
            }
        };
        if !is_set_up(provider) {
            let upper = provider.as_str().to_ascii_uppercase();
            reader.wrong(setting, format!("names {provider}, which is not set up; set {upper}_CLIENT_ID or remove it"));
            return None;
        }
        if !chosen.contains(&provider) {
            chosen.push(provider);
        }
    }
    reader.fine(setting, value);
    Some(chosen)
}
